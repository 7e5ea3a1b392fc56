package run

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/table"
	"github.com/flowerctl/flowerctl/train/tensorboard"
)

// TensorBoardDir is the usual name of [Options.TensorBoard] in a run's folder.
const TensorBoardDir = "tb"

// ErrHasEvents says that a new run's events would come between those of another.
var ErrHasEvents = errors.New("holds TensorBoard's events of another run")

// CheckTensorBoard says whether a new run's events may go into a folder, where those of an
// earlier one would be removed: there are none, or they are flowerctl's and either over says
// so or it is the usual place in the run's own folder. The error names the folder, and wraps
// [ErrHasEvents] where that is why.
func (f Folder) CheckTensorBoard(dir string, over bool) error {
	refused := tensorboard.Any
	if over || filepath.Clean(dir) == f.path(TensorBoardDir) {
		refused = tensorboard.Foreign
	}
	all, err := eventFolders(dir)
	for _, one := range all {
		there, failed := refused(one)
		if err = errors.Join(err, failed); there {
			return fmt.Errorf("%s %w", one, ErrHasEvents)
		}
	}
	return err
}

// eventFolders are a folder of events and those of a cross-validation's trainings in it.
func eventFolders(dir string) ([]string, error) {
	folds, err := filepath.Glob((Folder{dir}).path("fold-*"))
	return append(folds, dir), err
}

// removeEvents removes those of an earlier run, of a cross-validation too.
func (f Folder) removeEvents() error {
	all, err := eventFolders(f.path(TensorBoardDir))
	for _, dir := range all {
		err = errors.Join(err, tensorboard.Remove(dir))
	}
	return err
}

// epochLoss is the tag that every epoch has.
const epochLoss = "epoch/loss"

// events writes what it hears into TensorBoard's event files. What goes wrong there ends
// the events, with a warning, and never the training.
type events struct {
	writer *tensorboard.Writer // nil after an error
	warn   func(text string)
	heads  []string // names of the auxiliary heads
	// Of a run that goes on: epochs that the files there do not have, and before the first
	// step, that those may have later steps.
	missing []train.Epoch
	goesOn  bool
	last    int64 // step that was written
}

// openEvents begins the events of a training in the session's folder of them. A folder that
// cannot be written is a warning: see [tensorboard.Writable] for whoever asks before.
func (s *Session) openEvents(f Folder, warn func(text string)) (*events, error) {
	e := &events{warn: warn, heads: s.Heads(), goesOn: s.goesOn()}
	switch err := e.open(f, s.options.TensorBoard, &s.Settings); {
	case errors.Is(err, ErrHasEvents):
		return nil, err
	case err != nil:
		warn("no TensorBoard's events are written, the training goes on: " +
			table.OneLine(err.Error()))
	}
	return e, nil
}

// open makes the file of the events, with the settings where it is the first.
func (e *events) open(f Folder, dir string, s *Settings) (err error) {
	if e.goesOn {
		err = e.compare(f, dir)
	} else {
		err = tensorboard.Remove(dir)
	}
	if err != nil {
		return err
	}
	begun, err := tensorboard.Any(dir)
	if err != nil {
		return err
	}
	if begun && !e.goesOn {
		return fmt.Errorf("%s %w", dir, ErrHasEvents)
	}
	w, err := tensorboard.Create(dir)
	if err != nil {
		return err
	}
	if !begun {
		markdown, settings := settingsOf(s)
		err = errors.Join(w.Text("settings", markdown), w.Hyperparameters(settings))
	}
	if err != nil {
		return errors.Join(err, w.Close())
	}
	e.writer = w
	return nil
}

// compare finds the epochs of the run that the events there do not have.
func (e *events) compare(f Folder, dir string) error {
	record, err := f.Record()
	if err != nil {
		return err
	}
	last, _, err := tensorboard.LastStep(dir, epochLoss)
	for _, row := range record.History {
		if int64(row.Epoch) > last {
			e.missing = append(e.missing, row)
		}
	}
	return err
}

// settingsOf is a table of the settings in Markdown, and their values by name.
func settingsOf(s *Settings) (markdown string, settings []tensorboard.Setting) {
	var text strings.Builder
	text.WriteString("| setting | value |\n|---|---|\n")
	for _, f := range fields {
		value := f.Value(s)
		if value == "" {
			continue
		}
		fmt.Fprintf(&text, "| %s | %s |\n", f.Key,
			strings.ReplaceAll(table.Printable(value), "|", `\|`))
		v := tensorboard.Value{Text: value}
		switch {
		case f.Int != nil:
			n := float64(*f.Int(s))
			v.Number = &n
		case f.Uint != nil:
			n := float64(*f.Uint(s))
			v.Number = &n
		case f.Float != nil:
			v.Number = f.Float(s)
		case f.Bool != nil:
			v.Bool = f.Bool(s)
		}
		settings = append(settings, tensorboard.Setting{Name: f.Key, Value: v})
	}
	return text.String(), settings
}

// write does the writing, unless an error ended it.
func (e *events) write(do func(w *tensorboard.Writer) error) {
	if e.writer == nil {
		return
	}
	if err := do(e.writer); err != nil {
		err = errors.Join(err, e.writer.Close())
		e.writer = nil
		e.warn("TensorBoard's events end here, the training goes on: " + table.OneLine(err.Error()))
	}
}

// Progress writes a step's loss and rate. Where steps are done again, after a kill or a
// rollback, TensorBoard is told to forget the first time.
func (e *events) Progress(p train.Progress) {
	e.catchUp(p.Epoch)
	if p.Validating {
		return
	}
	step := int64(p.Epoch-1)*int64(p.Steps) + int64(p.Step)
	e.write(func(w *tensorboard.Writer) error {
		if e.goesOn || step <= e.last {
			if err := w.Restart(step); err != nil {
				return err
			}
		}
		e.goesOn, e.last = false, step
		return w.Scalars(step, tensorboard.Scalar{Tag: "step/loss", Value: p.BatchLoss},
			tensorboard.Scalar{Tag: "step/lr", Value: p.LearningRate})
	})
}

// EpochDone writes a row of the history.
func (e *events) EpochDone(row train.Epoch, _ bool) {
	e.catchUp(row.Epoch)
	e.write(func(w *tensorboard.Writer) error { return w.Scalars(int64(row.Epoch), e.row(row)...) })
}

// Warn writes nothing: people are warned elsewhere.
func (e *events) Warn(string) {}

// catchUp writes the missing epochs before one.
func (e *events) catchUp(before int) {
	for _, row := range e.missing {
		if row.Epoch < before {
			e.write(func(w *tensorboard.Writer) error {
				return w.Scalars(int64(row.Epoch), e.row(row)...)
			})
		}
	}
	e.missing = nil
}

// row is an epoch as history.csv has it.
func (e *events) row(row train.Epoch) []tensorboard.Scalar {
	list := []tensorboard.Scalar{{Tag: epochLoss, Value: row.Loss}}
	add := func(name string, v float64) {
		list = append(list, tensorboard.Scalar{Tag: "epoch/" + name, Value: v})
	}
	add("accuracy", row.Accuracy)
	add("val_loss", row.ValLoss)
	add("val_accuracy", row.ValAccuracy)
	add("lr", row.LearningRate)
	add("images_per_second", row.ImagesPerSecond)
	add("seconds", row.Seconds)
	for i, name := range e.heads {
		add("accuracy_"+name, row.Heads[i])
		add("val_accuracy_"+name, row.ValHeads[i])
	}
	if row.ValMAP != nil {
		add("val_map", *row.ValMAP)
	}
	if row.CalibratedLoss > 0 {
		add("val_calibrated_loss", row.CalibratedLoss)
	}
	return list
}

// close ends the file.
func (e *events) close() {
	if len(e.missing) > 0 { // nothing was left to train
		e.catchUp(e.missing[len(e.missing)-1].Epoch + 1)
	}
	if e.writer == nil {
		return
	}
	if err := e.writer.Close(); err != nil {
		e.warn("TensorBoard's last events may be missing: " + table.OneLine(err.Error()))
	}
}
