package train

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/flowerctl/flowerctl/train/atomicfile"
	"github.com/flowerctl/flowerctl/train/checkpoint"
	"github.com/flowerctl/flowerctl/train/metrics"
	"github.com/flowerctl/flowerctl/train/table"
)

// The files of a run's folder. EventsFile grows line by line; all others are
// written under another name and renamed.
const (
	ConfigFile  = "config.json"  // the settings, all of them
	SplitFile   = "split.csv"    // path, class, part, SHA-256 of every image
	HistoryFile = "history.csv"  // an epoch a line
	EventsFile  = "events.jsonl" // what happened, and when
	BestFile    = "best.ckpt"    // the best weights, averaged if there is an average
	LastFile    = "last.ckpt"    // all that the run needs to continue
	MetricsFile = "metrics.json" // Summary
	ReportFile  = "report.html"
)

// folder is a run's folder. With an empty path nothing is written.
type folder struct {
	dir  string
	held func() error // Config.Held
}

func (f folder) path(name string) string { return filepath.Join(f.dir, name) }

// mine is an error where the folder is another process's by now.
func (f folder) mine() error {
	if f.held == nil {
		return nil
	}
	return f.held()
}

// write writes a file, complete or not at all, and not at all where the folder has become
// another process's by the moment that the file would get its name.
func (f folder) write(name string, body func(w io.Writer) error) error {
	return atomicfile.Write(f.path(name), func(w io.Writer) error {
		if err := body(w); err != nil {
			return err
		}
		return f.mine()
	})
}

func (f folder) writeHistory(history []Epoch, heads []string) error {
	if f.dir == "" {
		return nil
	}
	return f.write(HistoryFile, func(w io.Writer) error {
		return WriteHistory(w, history, heads)
	})
}

// readHistory is empty if no epoch was finished.
func (f folder) readHistory() ([]Epoch, error) {
	file, err := os.Open(f.path(HistoryFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	history, _, err := ReadHistory(file)
	return history, err
}

// lastGood names the checkpoint that the run can go on from, and says how far it is, or
// is "". It reads the file: a name alone would promise what may not be there.
func (f folder) lastGood() string {
	if f.dir == "" {
		return ""
	}
	path := f.path(LastFile)
	c, err := checkpoint.Load(path)
	if err != nil || c.Optimizer == nil {
		return ""
	}
	var s saved
	if err := json.Unmarshal(c.Loop, &s); err != nil {
		return ""
	}
	text := fmt.Sprintf("%s, of epoch %d", path, s.State.Epoch)
	if s.State.Step > 0 {
		text += fmt.Sprintf(" and %s of the next", table.Count(s.State.Step, "step"))
	}
	return text
}

// event is a line of events.jsonl.
type event struct {
	Time  string `json:"time"` // UTC, RFC 3339
	Event string `json:"event"`
	Epoch int    `json:"epoch"`          // epochs done
	Step  int    `json:"step,omitempty"` // steps done of the next
	Text  string `json:"text,omitempty"`

	Best        bool     `json:"best,omitempty"`
	Loss        *float64 `json:"loss,omitempty"`
	Accuracy    *float64 `json:"accuracy,omitempty"`
	ValLoss     *float64 `json:"val_loss,omitempty"`
	ValAccuracy *float64 `json:"val_accuracy,omitempty"`
	ValMAP      *float64 `json:"val_map,omitempty"`
}

func epochEvent(e Epoch, best bool) event {
	return event{Event: "epoch", Epoch: e.Epoch, Best: best,
		Loss: &e.Loss, Accuracy: &e.Accuracy, ValLoss: &e.ValLoss, ValAccuracy: &e.ValAccuracy,
		ValMAP: e.ValMAP}
}

// log appends a line to events.jsonl.
func (f folder) log(e event) error {
	if f.dir == "" {
		return nil
	}
	e.Time = time.Now().UTC().Format(time.RFC3339)
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	if err := f.mine(); err != nil {
		return err
	}
	return atomicfile.AppendLine(f.path(EventsFile), line)
}

// Summary is metrics.json.
type Summary struct {
	BestEpoch     int        `json:"best_epoch"`
	ValAccuracy   float64    `json:"val_accuracy"` // with the best weights
	ValInterval   [2]float64 `json:"val_interval"` // 95 %, Wilson's
	ValLoss       float64    `json:"val_loss"`
	TrainAccuracy float64    `json:"train_accuracy"` // of the best epoch, while training
	Epochs        int        `json:"epochs"`         // run
	Seconds       float64    `json:"seconds"`

	TrainImages       int     `json:"train_images"`
	ValImages         int     `json:"val_images"`
	MajorityRate      float64 `json:"majority_rate"` // accuracy of always answering the same
	BestTrainAccuracy float64 `json:"best_train_accuracy"`
	LastValAccuracy   float64 `json:"last_val_accuracy"`
	Stopped           Stop    `json:"stopped"`

	TestImages   int         `json:"test_images,omitempty"`
	TestAccuracy *float64    `json:"test_accuracy,omitempty"`
	TestInterval *[2]float64 `json:"test_interval,omitempty"`
	// TestCalibration is of the test images with the temperature of Calibration.
	TestCalibration *metrics.Reliability `json:"test_calibration,omitempty"`

	// Heads are the auxiliary heads, at the best epoch.
	Heads []HeadSummary `json:"heads,omitempty"`

	// Rollbacks is how often the run went back, see RollbackOnNaN.
	Rollbacks int `json:"rollbacks,omitempty"`
	// Precision is what the convolutions of the steps multiplied; "" for fp32. All
	// figures are in fp32.
	Precision string `json:"precision,omitempty"`

	Dead   *Dead   `json:"dead,omitempty"`
	Unseen *Unseen `json:"unseen,omitempty"`
	// Report and Confusion (true class on the rows) are of the validation images.
	// Calibration and Classes are too.
	Report      metrics.Report       `json:"report"`
	Calibration *metrics.Calibration `json:"calibration,omitempty"`
	Classes     []metrics.Curves     `json:"classes,omitempty"` // areas under their curves
	Confusion   *metrics.Confusion   `json:"confusion"`

	// MultiLabel is of the validation images where an image may have several labels, and
	// TestMultiLabel of the test images, both at the thresholds chosen on the validation
	// images. Accuracies are the share of images of which all labels are right then; Report,
	// Calibration and Confusion are empty.
	MultiLabel     *metrics.MultiLabel `json:"multi_label,omitempty"`
	TestMultiLabel *metrics.MultiLabel `json:"test_multi_label,omitempty"`
}

// HeadSummary is how often an auxiliary head was right.
type HeadSummary struct {
	Name          string  `json:"name"`
	ValAccuracy   float64 `json:"val_accuracy"`
	TrainAccuracy float64 `json:"train_accuracy"`
}

// Summary is the outcome for metrics.json.
func (o *Outcome) Summary(labels []string) Summary {
	if o.MultiLabel {
		return o.multiSummary(labels)
	}
	c := o.Validation.Confusion(labels)
	low, high := c.Interval()
	_, majority := c.Majority()
	s := Summary{
		BestEpoch: o.Best.Epoch, ValAccuracy: c.Accuracy(), ValInterval: [2]float64{low, high},
		ValLoss: o.Validation.Loss, TrainAccuracy: o.Best.Accuracy, Epochs: len(o.History),
		Seconds: o.Seconds, TrainImages: o.TrainSize, ValImages: c.N(), MajorityRate: majority,
		LastValAccuracy: o.History[len(o.History)-1].ValAccuracy,
		Stopped:         o.Stopped, Dead: o.Dead, Unseen: o.Unseen, Rollbacks: o.Rollbacks,
		Precision: o.Precision,
		Report:    c.Report(), Confusion: c,
		Calibration: o.Calibration,
	}
	answers := o.Validation.Answers()
	if o.Calibration != nil {
		answers = answers.Tempered(o.Calibration.Temperature)
	}
	s.Classes = answers.Curves(labels)
	for _, e := range o.History {
		s.BestTrainAccuracy = max(s.BestTrainAccuracy, e.Accuracy)
	}
	for i, name := range o.Heads {
		s.Heads = append(s.Heads, HeadSummary{name, o.Best.ValHeads[i], o.Best.Heads[i]})
	}
	if o.Test != nil {
		t := o.Test.Confusion(labels)
		accuracy := t.Accuracy()
		low, high := t.Interval()
		s.TestImages, s.TestAccuracy, s.TestInterval = t.N(), &accuracy, &[2]float64{low, high}
		if o.Calibration != nil {
			r := o.Test.Answers().Tempered(o.Calibration.Temperature).Reliability()
			s.TestCalibration = &r
		}
	}
	return s
}

func (f folder) writeMetrics(o *Outcome, labels []string) error {
	if f.dir == "" {
		return nil
	}
	return f.write(MetricsFile, func(w io.Writer) error { return EncodeJSON(w, o.Summary(labels)) })
}

// WriteJSON writes v to path, indented, complete or not at all.
func WriteJSON[T any](path string, v T) error {
	return atomicfile.Write(path, func(w io.Writer) error {
		if err := EncodeJSON(w, v); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		return nil
	})
}

// EncodeJSON writes v, indented, with a line break at its end.
func EncodeJSON[T any](w io.Writer, v T) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err == nil {
		_, err = w.Write(append(text, '\n'))
	}
	return err
}
