// Package study is the original study of flower photographs as data: its 23 runs,
// what they were run with and what was logged. It runs rows of it, in the order of
// what they cost, and puts what came out beside the log. It imports nothing of
// export. Start at [Rows] and [Open].
package study

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/flowerctl/flowerctl/train/run"
)

// Row is a run of the original study: what it was run with and what was
// logged.
type Row struct {
	Arch      string  `json:"arch"`
	Optimizer string  `json:"optimizer"` // all at learning rate 0.001
	Epsilon   float64 `json:"epsilon,omitempty"`
	Batch     int     `json:"batch"`
	Limit     int     `json:"limit"` // epochs
	Patience  int     `json:"patience"`
	Epochs    int     `json:"logged_epochs"` // run; 0 where the log is of another run
	Val       float64 `json:"logged_val_accuracy"`
	Train     float64 `json:"logged_train_accuracy"`
	Note      string  `json:"note,omitempty"` // what is wrong with the logged numbers
	// Aux are the best validation accuracies of the auxiliary heads.
	Aux []float64 `json:"logged_aux_val_accuracy,omitempty"`
}

// Name is NETWORK/OPTIMIZER.
func (r Row) Name() string { return r.Arch + "/" + r.Optimizer }

const (
	sameImages = "logged on the images that it was trained on"
	leaked     = "logged with at least 80 images in both parts, and pixels divided by 255 twice"
)

// rows are the 23 runs, in the study's order.
var rows = []Row{
	{"v1-pilot", "adadelta", 0, 20, 150, 6, 150, 0.6655, 0.6284, sameImages, nil},
	{"v2-basic", "adam", 0, 32, 200, 10, 45, 0.7138, 0.9789, "", nil},
	{"v3-alexnet", "adam", 0, 32, 150, 10, 43, 0.7509, 0.9519, "", nil},
	{"v3-alexnet", "adadelta", 0, 32, 150, 10, 69, 0.6501, 0.7568, "", nil},
	{"v3-alexnet", "adagrad", 0, 32, 150, 10, 31, 0.7277, 0.9861, "", nil},
	{"v3-alexnet", "sgd", 0, 32, 150, 10, 63, 0.7555, 0.9919, "", nil},
	{"v4-vgg16", "adam", 0, 32, 200, 15, 16, 0.2711, 0.2383, "never left the majority class", nil},
	{"v4-vgg16", "adadelta", 0, 32, 200, 15, 29, 0.3256, 0.3193, "", nil},
	{"v4-vgg16", "adagrad", 0, 32, 200, 15, 69, 0.6269, 0.7244, "", nil},
	{"v4-vgg16", "sgd", 0, 32, 200, 15, 0, 0.3256, 0.3193, "the log is a copy of the adadelta run",
		nil},
	{"v5-vgg16", "adam", 0, 32, 200, 15, 18, 0.2827, 0.2490, "", nil},
	{"v5-vgg16", "adadelta", 0, 32, 200, 15, 62, 0.6176, 0.9076, "", nil},
	{"v5-vgg16", "adagrad", 0, 32, 200, 15, 43, 0.6616, 0.9986, "", nil},
	{"v5-vgg16", "sgd", 0, 32, 200, 15, 42, 0.6524, 0.9968, "", nil},
	{"v6-googlenet", "adadelta", 0, 32, 200, 15, 200, 0.7277, 0.7936, "", []float64{0.6895, 0.7184}},
	{"v6-googlenet", "sgd", 0, 32, 200, 15, 200, 0.8111, 0.9991, "", []float64{0.8158, 0.8227}},
	{"v7-base", "adam", 0, 32, 150, 10, 35, 0.7057, 0.9876, "", nil},
	{"v7-kernel", "adam", 0, 32, 150, 10, 24, 0.7358, 0.9742, "", nil},
	{"v7-gap", "adam", 0, 32, 150, 10, 63, 0.7787, 0.8880, "", nil},
	{"v7-rescale", "adam", 1e-8, 32, 150, 10, 69, 0.7879, 0.9517, "", nil},
	{"v7-batchnorm", "adam", 1e-8, 32, 150, 10, 36, 0.8042, 0.9951, "", nil},
	{"v7-augment-1", "adam", 0, 32, 150, 15, 63, 0.8125, 0.9757, leaked, nil},
	{"v7-augment-2", "adam", 0, 32, 150, 30, 78, 0.8225, 0.9620, leaked, nil},
}

// Rows are the 23 runs, in the study's order.
func Rows() []Row { return append([]Row(nil), rows...) }

// UnknownRowError says that no row has the name, and which there are.
type UnknownRowError struct {
	Name  string
	Names []string
}

func (e *UnknownRowError) Error() string {
	return fmt.Sprintf("no row is called %q, want one of %s", e.Name, strings.Join(e.Names, ", "))
}

// Find is the row of that name, or an [*UnknownRowError].
func Find(name string) (Row, error) {
	var names []string
	for _, r := range rows {
		if r.Name() == name {
			return r, nil
		}
		names = append(names, r.Name())
	}
	return Row{}, &UnknownRowError{name, names}
}

// Named are the rows of these names, or all where there are none.
func Named(names []string) ([]Row, error) {
	if len(names) == 0 {
		return Rows(), nil
	}
	var rows []Row
	for _, name := range names {
		row, err := Find(name)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// Folder is that of the row's run with a seed.
func (r Row) Folder(seed uint64) run.Folder {
	name := "study-" + strings.ReplaceAll(r.Name(), "/", "-") + seedSuffix(seed)
	return run.Folder{Dir: filepath.Join(run.Root, name)}
}

// TableDir is the folder of the table of the runs with a seed.
func TableDir(seed uint64) string { return filepath.Join(run.Root, "study"+seedSuffix(seed)) }

func seedSuffix(seed uint64) string {
	if seed == 1 {
		return ""
	}
	return fmt.Sprintf("-seed%d", seed)
}

// Settings are those of the row, with the options' images, seed and threads.
func (r Row) Settings(o Options) run.Settings {
	s := run.Defaults().Study()
	s.Data, s.Seed = o.Data, o.Seed
	s.Arch, s.Optimizer, s.LR, s.Options.Epsilon = r.Arch, r.Optimizer, 1e-3, r.Epsilon
	s.Batch, s.Epochs, s.Patience = r.Batch, r.Limit, r.Patience
	if o.Threads != nil {
		s.Threads = *o.Threads
	}
	if o.Drawn != 0 {
		s.Drawn = o.Drawn
	}
	if o.Epochs != 0 {
		s.Epochs = o.Epochs
	}
	return s
}

// Logged is the row's accuracy, and what is wrong with it.
func (r Row) Logged() string {
	text := fmt.Sprintf("%.2f %%", 100*r.Val)
	if r.Note != "" {
		text += " (" + r.Note + ")"
	}
	return text
}
