package run

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/flowerctl/flowerctl/train/table"
)

// goesOn says that the training has steps behind it: a head that is fitted alone is fitted
// again.
func (s *Session) goesOn() bool { return s.options.Resume != nil && !s.plan.FitOnly() }

// goingOn says, of a run that goes on, what differs from the run that was planned:
// the images that are in the folder but not in its split, and the rate.
func (s *Session) goingOn(ctx context.Context) (lines []string) {
	if s.options.Resume == nil {
		return nil
	}
	if done := s.options.Resume.Checkpoint.Training.Epoch; done >= s.plan.Epochs && s.goesOn() {
		lines = append(lines, fmt.Sprintf("%s done, and no more than %d asked for: "+
			"more --epochs would go on", table.Count(done, "epoch"), s.plan.Epochs))
	} else if waited := s.waited(); waited > 0 {
		lines = append(lines, fmt.Sprintf("%s done, and none of the last %d better: a longer --patience "+
			"would go on", table.Count(done, "epoch"), waited))
	} else if line := s.stretched(); line != "" {
		lines = append(lines, line)
	}
	if line := s.added(ctx); line != "" {
		lines = append(lines, line)
	}
	return lines
}

func (s *Session) waited() int {
	cfg := s.config()
	return cfg.Waited()
}

// added says which images of the folder the run does not have. A folder that cannot
// be scanned has none: the images of the run itself were read already.
func (s *Session) added(ctx context.Context) string {
	if s.plan.Data == "" {
		return ""
	}
	scan, err := s.plan.scan()
	if err != nil {
		scan.Exclude = nil // the list may be gone: the split does without the images it named
	}
	scan.Strict = false
	set, err := s.plan.list(ctx, scan)
	if err != nil {
		return ""
	}
	known := make(map[string]bool, len(s.Images.Set.Items))
	for _, it := range s.Images.Set.Items {
		known[it.Path] = true
	}
	var names []string
	for _, it := range set.Items {
		if !known[it.Path] {
			names = append(names, it.Path)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return fmt.Sprintf("%s of %s are not in this run, as they were added since it began or "+
		"left out then (%s): it goes on without them, a new run takes them",
		table.Count(len(names), "image"), cmp.Or(s.plan.LabelsFile, s.plan.Data), firstOf(names))
}

// stretched says how another number of epochs changes the rate of a schedule that
// depends on it.
func (s *Session) stretched() string {
	was, now := s.options.Resume.Epochs, s.plan.Epochs
	done := s.options.Resume.Checkpoint.Training.Epoch
	if was == now || was == 0 || done == 0 {
		return ""
	}
	cfg := s.config()
	last := cfg.PlannedRate(was, done-1, s.Training.Steps()-1)
	planned, next := cfg.PlannedRate(was, done, 0), cfg.PlannedRate(now, done, 0)
	if planned == next {
		return ""
	}
	way := "on"
	switch {
	case next > last:
		way = "back up"
	case next < last:
		way = "down"
	}
	return fmt.Sprintf("warning: schedule %s now ends after %d epochs, not %d: after epoch %d the "+
		"rate goes %s from %.2g to %.2g, and this is not the run of %d epochs from the start",
		s.plan.schedule, now, was, done, way, last, next, now)
}

// weighted says which weight goes to which class.
func (s *Session) weighted() string {
	if len(s.weights) == 0 {
		return ""
	}
	pairs := make([]string, len(s.weights))
	for class, w := range s.weights {
		pairs[class] = fmt.Sprintf("%s %.4g", s.Images.Set.Labels[class], w)
	}
	if s.multi() {
		return "weights of pictures that have a label: " + firstOf(pairs)
	}
	return "class weights: " + firstOf(pairs)
}

// firstOf joins up to twenty words.
func firstOf(words []string) string {
	const most = 20
	if n := len(words) - most; n > 1 {
		return fmt.Sprintf("%s and %d more", strings.Join(words[:most], ", "), n)
	}
	return strings.Join(words, ", ")
}
