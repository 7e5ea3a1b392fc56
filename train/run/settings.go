package run

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/nn"
	"github.com/flowerctl/flowerctl/train/optim"
	"github.com/flowerctl/flowerctl/train/textfile"
)

// Settings are all that decides a run, as config.json holds them. Start from
// [Defaults]; [Settings.Resolve] replaces the zero values that stand for a
// default by that default.
type Settings struct {
	Data   string `json:"data"`         // folder of images; "" for drawn flowers
	Drawn  int    `json:"drawn_images"` // how many are drawn; 0 with a folder
	Strict bool   `json:"strict"`       // an unreadable image is an error
	// LabelsFile is a list of the images and their labels, in place of a folder for each
	// class: see data.ReadLabelList. Its paths are from Data, or where that is empty from its
	// own folder, which Data becomes. MultiLabel says that pictures have any number of labels
	// also where each in the list has one.
	LabelsFile string `json:"labels_file,omitempty"`
	MultiLabel bool   `json:"multi_label,omitempty"`
	// Exclude is a file that names images of Data to leave out: see data.ReadExclusion.
	Exclude string `json:"exclude"`

	Arch string `json:"arch"` // a preset of package arch
	Size int    `json:"size"` // pixels; 0 for the network's own
	// TrainSize is the side of the images in training, pixels; 0 for Size.
	TrainSize int `json:"train_size,omitempty"`
	// CropFrom is the side in pixels at which training images are kept besides, so that
	// Augment cuts its variations from real pixels; 0 for Size.
	CropFrom int    `json:"crop_from,omitempty"`
	Resize   string `json:"resize"` // how images become squares: imageprep.Resize
	Init     string `json:"init"`   // file or run to take weights from

	// From names the network to start from, FromNothing or "" for none. Arch counts
	// for nothing then.
	From   string  `json:"from"`
	Freeze string  `json:"freeze"`  // FreezeAll, FreezeAuto or a node: what is not trained
	LRBody float64 `json:"lr_body"` // with From: rate of all but the head; 0 for LR

	// Extractor is Onnxruntime for a network of From that computes features and is not
	// trained; "" for one that is read, and Gorgonia insists on that.
	Extractor string `json:"extractor,omitempty"`
	Cut       string `json:"cut,omitempty"`    // value or node whose value the features are
	Hidden    int    `json:"hidden,omitempty"` // units of a layer before the last; 0: none
	// Views is in how many ways the extractor sees each training image: as it is, and as
	// Augment varies it; 0 for what suits the policy.
	Views int `json:"views,omitempty"`

	// Mean and Std say how a network of From takes pixels from 0 to 1, where its file
	// does not: (pixel - Mean) / Std, one number or one for each of R, G and B.
	Mean Numbers `json:"mean,omitempty"`
	Std  Numbers `json:"std,omitempty"`

	Initializer string  `json:"initializer"` // model.Init; "" for the network's own
	AuxWeight   Numbers `json:"aux_weight"`  // of the auxiliary heads' losses

	Val  float64 `json:"val"`  // share of the images for validation
	Test float64 `json:"test"` // share of the images for the last test
	// Folds is into how many parts the images are divided for cross-validation; 0:
	// none. Fold, from 1, is the part for the last test. With 0 the settings are of all
	// of the trainings, one a fold: see train/run/folds.
	Folds int `json:"folds,omitempty"`
	Fold  int `json:"fold,omitempty"`
	// ClassesPer takes at most so many images of each class, drawn with Seed from
	// those that are not for the last test; 0: all. LeftOut is what the others are for:
	// "val", "test", or "" for nothing.
	ClassesPer int    `json:"classes_per,omitempty"`
	LeftOut    string `json:"left_out,omitempty"`

	Augment  string  `json:"augment"` // policy; "" for the network's own
	Batch    int     `json:"batch"`   // images a step; 0: as many as suit the folder; or AutoBatch
	Smooth   float64 `json:"label_smoothing"`
	Classes  string  `json:"class_weights"` // "", "balanced", or a number for each
	Seed     uint64  `json:"seed"`          // of split, start, order, augmentation, dropout
	Threads  int     `json:"threads"`       // 0 for all cores, at most MaxThreads
	Epochs   int     `json:"epochs"`        // at most
	Patience int     `json:"patience"`      // epochs; 0 never stops early
	Monitor  string  `json:"monitor"`       // train.Monitor
	// PatienceSteps is for how many steps without a better epoch a run goes on at
	// least, however few epochs Patience is; 0: epochs count alone.
	PatienceSteps int `json:"patience_steps"`

	Loss      string       `json:"loss"`      // nn.Loss
	Precision string       `json:"precision"` // nn.Precision, or AutoPrecision
	Optimizer string       `json:"optimizer"` // a name of package optim
	Options   optim.Config `json:"optimizer_options"`
	LR        float64      `json:"lr"` // 0 for the optimizer's own
	Schedule  string       `json:"schedule"`
	EMA       float64      `json:"ema"`       // decay of the weights' average; 0: none
	ClipNorm  float64      `json:"clip_norm"` // 0: never
	FreezeBN  bool         `json:"freeze_batchnorm"`
	BatchNorm string       `json:"batchnorm_statistics"` // a value of Statistics
	OnNaN     string       `json:"on_nan"`               // train.OnNaN
}

// AutoPrecision is bf16 where the processor has instructions for it, else fp32; Resolve
// chooses.
const AutoPrecision = "auto"

// The ways to the statistics that batch norms have when validating and in exports.
const (
	// MeasuredStatistics are measured on training images, for the weights as they are,
	// before every validation. With FreezeBN none are.
	MeasuredStatistics = "auto"
	// KerasStatistics are running averages of the batches in training, as Keras', with
	// the network's momentum. They lag for a hundred steps at a momentum of 0.99, which
	// is 30 epochs of 100 images.
	KerasStatistics = "keras"
)

// Statistics lists them, the default first.
func Statistics() []string { return []string{MeasuredStatistics, KerasStatistics} }

// Defaults are the settings of the study, where it had one for all networks and
// where folders of few images do well with it: see [Settings.Study].
func Defaults() Settings {
	return Settings{
		Drawn: 1000, Arch: "v7-batchnorm", Resize: string(imageprep.Stretch), AuxWeight: Numbers{1},
		Val: 0.2, Seed: 1, Epochs: 50, Patience: 10, Monitor: string(train.ValAccuracy),
		Loss: string(nn.CrossEntropy), Precision: string(nn.FP32), Optimizer: "adam",
		Schedule:  string(train.Constant),
		BatchNorm: MeasuredStatistics, PatienceSteps: 300, OnNaN: string(train.StopOnNaN),
	}
}

// Study returns the settings with Keras' rules, which the study had and files of
// settings mean that do not say otherwise.
func (s Settings) Study() Settings {
	s.BatchNorm, s.PatienceSteps, s.Batch = KerasStatistics, 0, standardBatch
	return s
}

// ReadSettings reads a file such as a run's config.json over the defaults, with
// Keras' rules where it has no key for them: it may be from before there were
// others. It refuses keys that do not exist.
func ReadSettings(path string) (Settings, error) {
	s := Defaults().Study()
	file, err := os.ReadFile(path)
	if err != nil {
		return s, err
	}
	text, err := textfile.Decode(file)
	if err == nil {
		err = s.decode([]byte(text))
	}
	if err != nil {
		return s, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

// decode reads settings from JSON over those that s has.
func (s *Settings) decode(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(s); err != nil {
		return plainJSON(text, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one JSON value")
	}
	return nil
}
