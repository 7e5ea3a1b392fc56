package run

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/atomicfile"
	"github.com/flowerctl/flowerctl/train/data"
	"github.com/flowerctl/flowerctl/train/metrics"
	"github.com/flowerctl/flowerctl/train/table"
)

// CalibrationFile is the file of a run's [Calibration].
const CalibrationFile = "calibration.json"

// Calibration is what makes the probabilities of a run's best weights mean what they
// say. It is a file beside the checkpoint, which it does not change.
type Calibration struct {
	// Temperature divides the logits before the softmax; see [metrics.Calibration].
	Temperature float64 `json:"temperature"`
	// Thresholds are, of a network of several labels an image, the probabilities from which
	// on each label is given; nil of others. Coverage is nil then.
	Thresholds []float64 `json:"thresholds,omitempty"`
	// Coverage is the curve of the validation images, with that temperature.
	Coverage []metrics.Covered `json:"coverage"`
	// Checkpoint is the SHA-256 of the file of the best weights.
	Checkpoint string `json:"checkpoint_sha256"`
}

// Calibration is the run's, for its best weights as they are: nil for others, for a
// run that has not ended, and for one from before there were calibrations.
func (f Folder) Calibration(w Which) (*Calibration, error) {
	path := f.path(CalibrationFile)
	text, err := os.ReadFile(path)
	switch {
	case w != Best || errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	}
	c := new(Calibration)
	if err := json.Unmarshal(text, c); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if !(c.Temperature >= metrics.MinTemperature/2 && c.Temperature <= metrics.MaxTemperature*2) {
		return nil, fmt.Errorf("%s: temperature %g, want %g to %g", path, c.Temperature,
			metrics.MinTemperature, metrics.MaxTemperature)
	}
	digest, err := fileDigest(f.CheckpointPath(Best))
	if err != nil || digest != c.Checkpoint {
		return nil, err
	}
	return c, nil
}

// fileDigest is the SHA-256 of a file.
func fileDigest(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	_, err = io.Copy(h, file)
	return hex.EncodeToString(h.Sum(nil)), errors.Join(err, file.Close())
}

// calibrate writes the calibration and the answers that it is from.
func (s *Session) calibrate(f Folder, o *train.Outcome) error {
	if o.MultiLabel {
		return s.keepThresholds(f, o)
	}
	if o.Calibration == nil {
		return nil
	}
	if err := s.writeAnswers(f, data.Val, &o.Validation, o.Calibration.Temperature); err != nil {
		return err
	}
	if o.Test != nil {
		if err := s.writeAnswers(f, data.Test, o.Test, o.Calibration.Temperature); err != nil {
			return err
		}
	}
	digest, err := fileDigest(f.CheckpointPath(Best))
	if err != nil {
		return err
	}
	t := o.Calibration.Temperature
	return train.WriteJSON(f.path(CalibrationFile), Calibration{
		Temperature: t, Coverage: o.Validation.Answers().Tempered(t).Coverage(), Checkpoint: digest})
}

// answersFile is the file of the answers for a part's images.
func answersFile(p data.Part) string { return fmt.Sprintf("answers-%s.csv", p) }

// AnswersPath is the file of the answers for a part's images: path, class, answer,
// its probability and that of the class.
func (f Folder) AnswersPath(p data.Part) string { return f.path(answersFile(p)) }

// writeAnswers writes the answer for each image of a part, with the temperature.
func (s *Session) writeAnswers(f Folder, part data.Part, e *train.Evaluation, temperature float64) error {
	t := table.New("path", "class", "answer", "probability", "probability_of_class")
	set := s.Images.Set
	answers := e.Answers().Tempered(temperature)
	for i, p := range e.Predictions {
		best := p.Predicted()
		t.Add(set.Items[p.Index].Path, set.Labels[p.Class], set.Labels[best], answers.At(i, best),
			answers.At(i, p.Class))
	}
	return atomicfile.Write(f.path(answersFile(part)), t.WriteCSV)
}

// testAgain answers the test images again, with weights that have changed since.
func (s *Session) testAgain(ctx context.Context, f Folder, o *train.Outcome, held func() error) error {
	if s.Test == nil {
		return nil
	}
	test, err := train.Evaluate(ctx, s.Network, s.source(s.Test), nil)
	if err != nil {
		return err
	}
	if o.Test = &test; f.Dir == "" {
		return nil
	}
	if err := held(); err != nil {
		return err
	}
	return train.WriteJSON(f.path(train.MetricsFile), o.Summary(s.Images.Set.Labels))
}
