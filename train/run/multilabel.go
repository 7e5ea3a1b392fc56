package run

import (
	"errors"
	"fmt"

	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/atomicfile"
	"github.com/flowerctl/flowerctl/train/data"
	"github.com/flowerctl/flowerctl/train/nn"
	"github.com/flowerctl/flowerctl/train/table"
)

// multi says whether the session's images have any number of labels.
func (s *Session) multi() bool { return s.Images != nil && s.Images.Set.Multi }

// hinted is an error that says what mends it.
type hinted struct {
	error
	hint string
}

func (h *hinted) Unwrap() error { return h.error }
func (h *hinted) Hint() string  { return h.hint }

// noList is why images without a list of labels are not given several.
func (p *plan) noList() error {
	err := errors.New("goes with a list of pictures and labels: a folder is one class")
	if p.Data == "" {
		return err
	}
	shards, failed := data.FindShards(p.Data)
	if failed != nil {
		return failed
	}
	if shards == nil {
		return err
	}
	return &hinted{fmt.Errorf("goes with a list of pictures and labels: %s is tar or zip files, with labels "+
		"of their own", p.Data), `leave it out: there a picture has several labels where KEY.json says ` +
		`"labels": ["a", "b"], or [] for none`}
}

// several refuses settings that go with one class an image where images have several
// labels, and those that go with several where they have one. Epochs are compared by the
// mean average precision then in place of the accuracy, and by the loss in place of that with a
// temperature.
func (s *Session) several() error {
	p := s.plan
	if !s.multi() {
		if p.Monitor == string(train.ValMAP) {
			return wrong("monitor", "got %s, which goes with several labels a picture; here each has one "+
				"class", p.Monitor)
		}
		return nil
	}
	switch {
	case p.Loss != string(nn.CrossEntropy):
		return wrong("loss", "got %s: several labels a picture are trained by binary cross-entropy, %s",
			p.Loss, nn.CrossEntropy)
	case p.ClassesPer > 0:
		return wrong("classes-per", "goes with one class a picture")
	}
	p.Monitor = string(SeveralMonitor(p.Monitor))
	s.Settings.Monitor = p.Monitor
	return nil
}

// SeveralMonitor is what compares the epochs of pictures with several labels where monitor is
// asked for, which may have no meaning there and be the default elsewhere.
func SeveralMonitor(monitor string) train.Monitor {
	switch m := train.Monitor(monitor); m {
	case train.ValAccuracy:
		return train.ValMAP
	case train.CalibratedLoss, train.Last:
		return train.ValLoss
	default:
		return m
	}
}

// severalSaid says how pictures with several labels are trained on.
func (s *Session) severalSaid() string {
	if !s.multi() {
		return ""
	}
	set := s.Images.Set
	n := 0
	for _, it := range set.Items {
		n += len(it.Labels)
	}
	return fmt.Sprintf("sigmoids and binary cross-entropy for %s, %.2f a picture; epochs are "+
		"compared by %s, thresholds chosen on the validation images, and there is no temperature",
		table.Count(len(set.Labels), "label"), float64(n)/float64(max(len(set.Items), 1)),
		s.Settings.Monitor)
}

// keepThresholds writes the thresholds of the labels and the answers that they are from.
func (s *Session) keepThresholds(f Folder, o *train.Outcome) error {
	if err := s.writeLabels(f, data.Val, &o.Validation, o.Thresholds); err != nil {
		return err
	}
	if o.Test != nil {
		if err := s.writeLabels(f, data.Test, o.Test, o.Thresholds); err != nil {
			return err
		}
	}
	digest, err := fileDigest(f.CheckpointPath(Best))
	if err != nil {
		return err
	}
	return train.WriteJSON(f.path(CalibrationFile), Calibration{Temperature: 1,
		Thresholds: o.Thresholds, Checkpoint: digest})
}

// writeLabels writes which labels each image of a part has and gets, and the probability
// of each label.
func (s *Session) writeLabels(f Folder, part data.Part, e *train.Evaluation,
	thresholds []float64) error {
	set := s.Images.Set
	t := table.New(append([]string{"path", "labels", "answer"}, set.Labels...)...)
	for _, p := range e.Predictions {
		given := data.Item{Path: set.Items[p.Index].Path}
		for k, v := range p.Probabilities {
			if float64(v) >= thresholds[k] {
				given.Labels = append(given.Labels, k)
			}
		}
		row := []any{given.Path, set.Named(&set.Items[p.Index]), set.Named(&given)}
		for _, v := range p.Probabilities {
			row = append(row, v)
		}
		t.Add(row...)
	}
	return atomicfile.Write(f.path(answersFile(part)), t.WriteCSV)
}
