// Package card says what a file of flowerctl export is, for who has to decide whether to
// use it: its data, how often it is right, its limits and licences. A card is written for
// people and, as a CycloneDX 1.6 model card, for programs. Start at [Of].
//
// A card holds no date and no path, so that equal files have equal cards. Model cards are
// due to Mitchell et al. 2019.
package card

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/flowerctl/flowerctl/export"
	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/checkpoint"
	"github.com/flowerctl/flowerctl/train/metrics"
)

// Card is what is known of a file.
type Card struct {
	Name      string           `json:"name"` // of the file, without its folder
	SHA256    string           `json:"sha256"`
	Bytes     int              `json:"bytes"`
	Arch      string           `json:"arch"`
	Input     export.Input     `json:"input"`
	Precision export.Precision `json:"precision"`
	Version   string           `json:"flowerctl_version"`
	Weights   string           `json:"weights_sha256"`
	License   string           `json:"license,omitempty"` // of the weights; "" where nobody said
	Labels    []string         `json:"labels"`

	Preprocess imageprep.Config    `json:"preprocess"`
	Rescale    *export.Rescale     `json:"rescale,omitempty"` // what a caller does before a float input
	Data       Data                `json:"data"`
	Training   checkpoint.Training `json:"-"`

	Figures     []Figure           `json:"figures,omitempty"`
	Temperature float64            `json:"temperature,omitempty"` // 0: not calibrated
	Unknown     *metrics.Threshold `json:"unknown,omitempty"`
	// MultiLabel says that a picture has any number of the labels: those from their
	// threshold on, by label; nil means 0.5.
	MultiLabel bool      `json:"multi_label,omitempty"`
	Thresholds []float64 `json:"thresholds,omitempty"`
	Verified   *Verified `json:"verified,omitempty"`
	Limits     []string  `json:"limits"`
	Sources    []Source  `json:"sources,omitempty"`
}

// Data is what the network was trained on.
type Data struct {
	Source     string `json:"source,omitempty"` // a folder's name, "drawn flowers"; "" where it is not known
	Train      int    `json:"train"`            // images
	Validation int    `json:"validation"`
	Test       int    `json:"test,omitempty"`
	Split      string `json:"split"`
	Digest     string `json:"digest"` // SHA-256 over the lines of split.csv
}

// Figure is a measurement, 0 to 1.
type Figure struct {
	Name  string  `json:"name"` // "accuracy"
	Of    string  `json:"of"`   // "166 validation images"
	Value float64 `json:"value"`
	// Interval is Wilson's, of 95 %; nil where the figure has none.
	Interval *[2]float64 `json:"interval,omitempty"`
}

// Verified is the comparison of the file with the network that was trained.
type Verified struct {
	OK      bool   `json:"ok"`
	Images  int    `json:"images"`
	Same    int    `json:"same"` // images with the same answer
	Engine  string `json:"engine"`
	Version string `json:"version"`
}

// Source is what others made that the file was made from.
type Source struct {
	What    string `json:"what"` // "weights"
	Name    string `json:"name"`
	License string `json:"license"`
}

// ErrNone means that a file is not one of flowerctl export, so that there is no card.
var ErrNone = errors.New("not a file of flowerctl export: it has no card")

// Of is the card of a file, as far as the file itself says it. m is what it holds. The
// error is [ErrNone] for a file of another program.
func Of(name string, file []byte, m *onnx.Model) (*Card, error) {
	d, err := export.ReadMetadata(m)
	if err != nil || d.Weights == "" || d.Precision == "" {
		return nil, ErrNone
	}
	sum := sha256.Sum256(file)
	t := d.Training
	c := &Card{Name: name, SHA256: hex.EncodeToString(sum[:]), Bytes: len(file), Arch: d.Arch,
		Input: d.Input, Precision: d.Precision, Version: d.Version, Weights: d.Weights,
		License: d.License, Labels: d.Labels, Preprocess: d.Preprocess, Rescale: d.Rescale,
		Training: t, Temperature: d.Temperature, Unknown: d.Unknown,
		MultiLabel: d.MultiLabel, Thresholds: d.Thresholds,
		Data: Data{Train: t.Images, Validation: t.Validation, Split: t.Split, Digest: t.DataDigest}}
	if c.License == export.NotStated {
		c.License = ""
	}
	if mean, ok := t.Metrics["val_map"]; c.MultiLabel && ok && isShare(mean) && t.Validation > 0 {
		c.Figures = append(c.Figures, Figure{meanAP, validation(t.Validation), mean, nil})
	} else if accuracy, ok := t.Metrics["val_accuracy"]; ok && !c.MultiLabel && isShare(accuracy) && t.Validation > 0 {
		c.Figures = append(c.Figures, ofShare("accuracy", accuracy, t.Validation))
	}
	c.limit()
	return c, nil
}

func validation(n int) string { return fmt.Sprintf("%d validation images", n) }

func isShare(v float64) bool { return v >= 0 && v <= 1 }

// ofShare is a figure that is a share of the validation images.
func ofShare(name string, share float64, n int) Figure {
	return counted(name, validation(n), int(math.Round(share*float64(n))), n)
}

// counted is a figure that is a share of images.
func counted(name, of string, right, n int) Figure {
	low, high := metrics.Wilson(right, n)
	return Figure{Name: name, Of: of, Value: float64(right) / float64(n), Interval: &[2]float64{low, high}}
}

// AddRun adds what the run's metrics.json says, if its figures are of the weights in the
// file and not of those of another epoch.
func (c *Card) AddRun(s *train.Summary, source string) {
	c.Data.Source = source
	defer c.limit()
	if c.MultiLabel {
		c.addLabels(s)
		return
	}
	if s == nil || s.BestEpoch != c.Training.Epoch || s.Confusion == nil || s.ValImages == 0 ||
		math.Abs(s.ValAccuracy-c.Training.Metrics["val_accuracy"]) > 1e-6 {
		return
	}
	c.Figures = nil
	if s.TestAccuracy != nil && s.TestInterval != nil {
		c.Data.Test = s.TestImages
		c.Figures = append(c.Figures, Figure{"accuracy", fmt.Sprintf("%d test images", s.TestImages),
			*s.TestAccuracy, s.TestInterval})
	}
	c.Figures = append(c.Figures, Figure{"accuracy", validation(s.ValImages), s.ValAccuracy, &s.ValInterval})
	for class, label := range s.Confusion.Labels {
		if n := s.Confusion.Support(class); n > 0 {
			c.Figures = append(c.Figures, counted("recall", fmt.Sprintf("%d validation images of %s",
				n, label), s.Confusion.Count(class, class), n))
		}
	}
	const ece = "expected calibration error"
	if k := s.Calibration; k != nil && c.Temperature > 0 {
		c.Figures = append(c.Figures,
			Figure{ece + " before the temperature", validation(s.ValImages), k.Before.ECE, nil},
			Figure{ece, validation(s.ValImages), k.After.ECE, nil})
		if s.TestCalibration != nil {
			c.Figures = append(c.Figures, Figure{ece, fmt.Sprintf("%d test images", s.TestImages),
				s.TestCalibration.ECE, nil})
		}
	}
}

// The figures of several labels a picture.
const meanAP, allRight = "mean average precision", "all labels right"

// addLabels is AddRun of several labels a picture.
func (c *Card) addLabels(s *train.Summary) {
	if s == nil || s.MultiLabel == nil || s.BestEpoch != c.Training.Epoch || c.Thresholds == nil ||
		math.Abs(s.MultiLabel.MeanAP-c.Training.Metrics["val_map"]) > 1e-6 {
		return
	}
	c.Figures = nil
	add := func(m *metrics.MultiLabel, of string) {
		c.Figures = append(c.Figures, Figure{meanAP, of, m.MeanAP, nil},
			Figure{allRight, of, m.ExactMatch, &m.Interval})
	}
	if t := s.TestMultiLabel; t != nil {
		c.Data.Test = t.N
		add(t, fmt.Sprintf("%d test images", t.N))
	}
	add(s.MultiLabel, validation(s.MultiLabel.N))
	for _, l := range s.MultiLabel.Labels {
		c.Figures = append(c.Figures, Figure{"average precision", fmt.Sprintf("%d validation images with %s",
			l.Support, l.Label), l.AveragePrecision, nil})
	}
}

// accuracyOfFile is the figure that the report gives; the others are the run's.
const accuracyOfFile = "accuracy of this file"

// AddReport adds the report of flowerctl verify on the file, in JSON.
func (c *Card) AddReport(text []byte) error {
	var r struct {
		OK      bool   `json:"ok"`
		SHA256  string `json:"sha256"`
		Source  string `json:"source"`
		Engines []struct {
			Name     string   `json:"name"`
			Version  string   `json:"version"`
			N        int      `json:"n"`
			Same     int      `json:"argmax_equal"`
			Accuracy *float64 `json:"accuracy"`
		} `json:"engines"`
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return fmt.Errorf("the report of %s: %w", c.Name, err)
	}
	if r.SHA256 != c.SHA256 || len(r.Engines) == 0 {
		return fmt.Errorf("the report of %s is of another file", c.Name)
	}
	e := r.Engines[0]
	c.Verified = &Verified{OK: r.OK, Images: e.N, Same: e.Same, Engine: e.Name, Version: e.Version}
	c.Figures = slices.DeleteFunc(c.Figures, func(f Figure) bool { return f.Name == accuracyOfFile })
	// Of another folder's images, some may be of no class that the network has.
	if e.Accuracy != nil && isShare(*e.Accuracy) && e.N > 0 && strings.HasSuffix(r.Source, "(val)") {
		c.Figures = append(c.Figures, ofShare(accuracyOfFile, *e.Accuracy, e.N))
	}
	return nil
}

// limit says where the figures end.
func (c *Card) limit() {
	c.Limits = []string{fmt.Sprintf("it answers one of its %d classes whatever a picture shows", len(c.Labels))}
	if c.MultiLabel {
		c.Limits[0] = fmt.Sprintf("it knows %d labels and no others, whatever a picture shows", len(c.Labels))
	}
	if c.Unknown != nil {
		c.Limits[0] += fmt.Sprintf(", or unknown below a probability of %.3f", c.Unknown.Confidence)
	}
	switch {
	case c.Data.Test == 0 && c.Data.Validation > 0:
		c.Limits = append(c.Limits, "the validation images chose the weights: on images that chose "+
			"nothing it may be right less often")
	case c.Data.Test > 0:
		c.Limits = append(c.Limits, "the validation images chose the weights; the test images chose nothing")
	}
	if c.Precision != export.FP32 {
		c.Limits = append(c.Limits, fmt.Sprintf("the file is %s; figures but for the %s are of the "+
			"network in fp32", c.Precision, accuracyOfFile))
	}
	c.Limits = append(c.Limits, "the figures are of images of the kind it was trained on; "+
		"of other kinds nothing is known")
	if c.Temperature == 0 {
		c.Limits = append(c.Limits, "its probabilities are not calibrated")
	}
}
