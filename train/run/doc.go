// Package run is a training as one thing: its settings, a session that trains a
// network on images by them, and the folder that holds what came out. The
// command, the study, the comparison of runs and the benchmarks are all made of
// it, and so may be any Go program:
//
//	settings := run.Defaults()
//	settings.Data, settings.Arch = "photos/", "resnet-small"
//	s, err := run.Open(ctx, settings, run.Options{Dir: "runs/first"})
//	// handle err
//	defer s.Close()
//	outcome, err := s.Train(ctx)
//
// It never prints and knows no command line: an [Observer] hears what happens,
// and errors say what is wrong in typed fields. It imports nothing of export.
// Start at [Settings], [Open] and [Folder].
package run
