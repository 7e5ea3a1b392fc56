package run

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/checkpoint"
	"github.com/flowerctl/flowerctl/train/data"
	"github.com/flowerctl/flowerctl/train/data/flowers"
	"github.com/flowerctl/flowerctl/train/metrics"
	"github.com/flowerctl/flowerctl/train/nn"
	"github.com/flowerctl/flowerctl/train/nn/kernel"
	"github.com/flowerctl/flowerctl/train/nn/kernel/engine"
)

// Trained is a run with the weights of one of its checkpoints: what an export and
// its verification start from.
type Trained struct {
	Folder
	Settings   Settings
	Checkpoint *checkpoint.Checkpoint
	// Calibration belongs to the best weights; nil for others.
	Calibration *Calibration
}

// Trained loads the run's settings and a checkpoint.
func (f Folder) Trained(w Which) (*Trained, error) {
	settings, err := f.Settings()
	if err != nil {
		return nil, err
	}
	c, err := f.Checkpoint(w)
	if err != nil {
		return nil, err
	}
	calibration, err := f.Calibration(w)
	if err != nil {
		return nil, err
	}
	return &Trained{f, settings, c, calibration}, nil
}

// NoImagesError says that the images which a run was trained on are not there.
type NoImagesError struct{ Dir string }

func (e *NoImagesError) Error() string {
	return e.Dir + ": the images that the run was trained on are not there"
}

// Photos are up to n of a part's images, spread over it; 0 means all. source says
// where they are from. Images of the classes of another folder are taken in their
// place where dir is not "", whatever their part.
func (t *Trained) Photos(ctx context.Context, dir string, part data.Part, n int) (
	list []data.Photo, source string, err error) {
	if dir != "" {
		set, err := data.Scan(ctx, dir, data.ScanOptions{})
		if err != nil {
			return nil, "", err
		}
		return t.fromFolder(set, set.Items, n), dir, nil
	}
	split, err := t.Split()
	if err != nil {
		return nil, "", err
	}
	var items []data.Item
	for _, i := range split.Indices(part) {
		items = append(items, split.Items[i])
	}
	if len(items) == 0 {
		return nil, "", fmt.Errorf("%s: no image of part %s", t.path(train.SplitFile), part)
	}
	if t.Settings.Data == "" {
		list, err = t.drawn(items, n)
		return list, fmt.Sprintf("drawn flowers (%s)", part), err
	}
	if err := t.Settings.locate(ctx, split); err != nil {
		return nil, "", err
	}
	return t.fromFolder(split, items, n), fmt.Sprintf("%s (%s)", split.Dir, part), nil
}

// fromFolder opens the files of a set. Its classes are matched with the network's
// by name; others have no label.
func (t *Trained) fromFolder(set *data.Set, items []data.Item, n int) []data.Photo {
	class := map[string]int{}
	for i, label := range t.Checkpoint.Labels {
		class[norm.NFC.String(label)] = i // as those of a scan are
	}
	decoder := new(imageprep.Decoder)
	var list []data.Photo
	for _, i := range spread(len(items), n) {
		item := items[i]
		label, ok := class[set.Labels[item.Class]]
		if !ok || t.Checkpoint.Spec.MultiLabel() {
			label = -1
		}
		path := filepath.Join(set.Dir, filepath.FromSlash(item.Path))
		list = append(list, data.Photo{Name: path, Label: label, Open: func() (imageprep.Image, error) {
			return decoder.Decode(set.Source(item.Path))
		}})
	}
	return list
}

// drawn draws the run's flowers again, each from its number.
func (t *Trained) drawn(items []data.Item, n int) ([]data.Photo, error) {
	var list []data.Photo
	for _, i := range spread(len(items), n) {
		item := items[i]
		number, err := strconv.Atoi(strings.TrimSuffix(filepath.Base(item.Path), ".png"))
		if err != nil {
			return nil, fmt.Errorf("%s: %q is no drawn flower", t.path(train.SplitFile), item.Path)
		}
		seed, size := data.DrawnSeed(t.Settings.Seed, number), t.Settings.Size
		list = append(list, data.Photo{Name: item.Path, Label: item.Class,
			Open: func() (imageprep.Image, error) {
				return flowers.Draw(flowers.Kind(item.Class), seed, size), nil
			}})
	}
	return list, nil
}

// spread are n indices under all, evenly; all of them where n is 0 or more than
// there are.
func spread(all, n int) []int {
	if n == 0 || n > all {
		n = all
	}
	out := make([]int, n)
	for i := range out {
		out[i] = i * all / n
	}
	return out
}

// Answerer answers with a checkpoint's network in gorgonia, as it was trained.
// Close it.
type Answerer struct {
	Path       string // of the checkpoint
	Kernels    string
	Labels     []string
	Preprocess imageprep.Config

	// Thresholds are, of a network of several labels an image, the probabilities from which
	// on each is given; nil of others.
	Thresholds []float64

	temperature float64
	network     *nn.Forward
	engine      kernel.Engine[float32]
	extractor   FeatureEngine // nil in networks without one
	pixels      []uint8
}

// Answerer makes the network of one of the run's checkpoints; 0 threads are all
// cores. frozen opens the extractor of a network that starts with one.
func (f Folder) Answerer(w Which, threads int, frozen Frozen) (*Answerer, error) {
	saved, err := f.Checkpoint(w)
	if err != nil {
		return nil, err
	}
	calibration, err := f.Calibration(w)
	if err != nil {
		return nil, err
	}
	a := &Answerer{Path: f.CheckpointPath(w), Labels: saved.Labels, Preprocess: saved.Preprocess,
		temperature: 1}
	if calibration != nil {
		a.temperature = calibration.Temperature
	}
	if saved.Spec.MultiLabel() {
		a.Thresholds = make([]float64, len(a.Labels))
		for i := range a.Thresholds {
			a.Thresholds[i] = metrics.UsualThreshold
		}
		if calibration != nil && len(calibration.Thresholds) == len(a.Labels) {
			a.Thresholds = calibration.Thresholds
		}
	}
	if a.engine, err = engine.Default(threads); err != nil {
		return nil, err
	}
	a.Kernels = a.engine.Name()
	if a.network, err = nn.NewForward(saved.Spec, saved.Weights, a.engine); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", a.Path, err), a.engine.Close())
	}
	if saved.Spec.Extractor() == nil {
		return a, nil
	}
	if a.extractor, err = frozen.open(saved.Extractor); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", a.Path, err), a.engine.Close())
	}
	a.network.Extractor = a.extractor
	a.Kernels = a.extractor.Engine() + " for features, " + a.Kernels
	return a, nil
}

// Probabilities are those of each image's classes, image after image, in the order
// of Labels, with the run's temperature: as an exported file answers.
func (a *Answerer) Probabilities(ctx context.Context, images []imageprep.Image) ([]float32, error) {
	a.pixels = a.pixels[:0]
	for _, img := range images {
		a.pixels = append(a.pixels, a.Preprocess.Apply(img).Pix...)
	}
	_, probabilities, err := a.network.Run(ctx, a.pixels, len(images))
	if err != nil {
		return nil, err
	}
	if len(probabilities) != len(images)*len(a.Labels) {
		return nil, fmt.Errorf("got %d probabilities for %d images, want %d classes each",
			len(probabilities), len(images), len(a.Labels))
	}
	for rest, k := probabilities, len(a.Labels); len(rest) > 0 && a.Thresholds == nil; rest = rest[k:] {
		metrics.Temper(rest[:k], a.temperature)
	}
	return probabilities, nil
}

// Close releases the kernels, and the extractor.
func (a *Answerer) Close() error {
	err := a.engine.Close()
	if a.extractor != nil {
		err = errors.Join(err, a.extractor.Close())
	}
	return err
}
