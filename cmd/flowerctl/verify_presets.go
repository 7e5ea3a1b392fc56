package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/export"
	"github.com/flowerctl/flowerctl/export/verify"
	"github.com/flowerctl/flowerctl/infer/ort"
	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/arch"
	"github.com/flowerctl/flowerctl/train/atomicfile"
	"github.com/flowerctl/flowerctl/train/data"
)

// trainingFLOPs is what the one epoch of a network's training may cost for
// `verify --presets`, some seconds: a backward pass costs two forward. A large
// network takes leastSteps of a small batch all the same.
const (
	trainingFLOPs = 1e12
	leastSteps    = 5
	smallBatch    = 8
)

// onnx-go answers for readerImages there, and for large networks for as many as
// cost readerFLOPs: its convolution does about 5 GFLOP/s, and verify waits for a
// minute.
const (
	readerImages = 16
	readerFLOPs  = 1.3e11
)

// presetBench verifies networks of train --list, in one folder: the run NAME, the
// file NAME.onnx, and a report for each device.
type presetBench struct {
	dir     string
	data    string // folder of images; "" for drawn flowers
	images  int    // to compare on
	device  ort.Device
	scanned *data.Set // of data; nil until a network has to be trained
}

// verifyPresets trains what is not trained, exports, verifies what is not
// verified, and writes the table.
func verifyPresets(c *cli.Context) (err error) {
	presets, err := presetsOf(c)
	if err != nil {
		return err
	}
	b := &presetBench{dir: c.String("presets"), data: c.String("data"), images: c.Int("images")}
	if b.device, err = needDevice(c); err != nil {
		return err
	}
	if err := os.MkdirAll(b.dir, 0o777); err != nil {
		return fileError(err)
	}
	var rows []presetRow
	for _, p := range presets {
		row, err := b.verify(c, p)
		if err != nil {
			return fmt.Errorf("%s: %w", p.Name, err)
		}
		rows = append(rows, row)
	}
	return writePresets(c, b.dir, rows)
}

// presetsOf are the networks that --arch names, or all.
func presetsOf(c *cli.Context) ([]arch.Preset, error) {
	for _, name := range []string{"run", "checkpoint", "report", "layers"} {
		if c.IsSet(name) {
			return nil, usagef("--presets: takes no --%s: each network has its own run and report", name)
		}
	}
	switch {
	case c.NArg() > 0:
		return nil, usagef("--presets: takes no file, got %q", c.Args().First())
	case c.Int("images") < 32:
		return nil, usagef("--images: got %d, want 32 or more with --presets", c.Int("images"))
	case !c.IsSet("arch"):
		return arch.All(), nil
	}
	var list []arch.Preset
	for _, name := range c.StringSlice("arch") {
		p, err := arch.Find(name)
		if err != nil {
			return nil, usagef("--arch: %w", err)
		}
		list = append(list, p)
	}
	return list, nil
}

func (b *presetBench) path(name string) string { return filepath.Join(b.dir, name) }

// report is where a device's report of a network stands; the CPU's is where
// verify writes it and predict --require-verified looks.
func (b *presetBench) report(name string, device ort.Device) string {
	file := b.path(name + ".onnx")
	if device.CUDA {
		file += ".cuda"
	}
	return verify.ReportPath(file)
}

func (b *presetBench) verify(c *cli.Context, p arch.Preset) (presetRow, error) {
	dir := b.path(p.Name)
	if _, err := os.Stat(filepath.Join(dir, train.BestFile)); errors.Is(err, fs.ErrNotExist) {
		if err := b.train(c, p, dir); err != nil {
			return presetRow{}, err
		}
	}
	run, err := loadFinished(dir, train.BestFile)
	if err != nil {
		return presetRow{}, err
	}
	m, err := export.Model(run.checkpoint, export.Options{Version: version})
	if err != nil {
		return presetRow{}, err
	}
	file, err := m.Encode()
	if err != nil {
		return presetRow{}, err
	}
	if err := atomicfile.WriteBytes(b.path(p.Name+".onnx"), file); err != nil {
		return presetRow{}, fileError(err)
	}
	row := presetRow{Network: p.Name, Parameters: p.Parameters, Steps: run.checkpoint.Training.Step}
	if err := b.reports(&row, file); err != nil || row.has(b.device) {
		return row, err
	}
	r, err := b.compare(c, run, file)
	if err != nil {
		return row, err
	}
	row.add(r)
	return row, writeReport(b.report(p.Name, b.device), p.Name+".onnx", r)
}

// compare verifies a file on the run's validation images.
func (b *presetBench) compare(c *cli.Context, run *finished, file []byte) (*verify.Report, error) {
	flops, _, err := run.checkpoint.Spec.FLOPs()
	if err != nil {
		return nil, err
	}
	o := verify.Options{Device: b.device, Version: version,
		ReaderImages: max(2, min(readerImages, int(readerFLOPs/float64(flops)))),
		Log:          func(line string) { talk(c, "%s: %s", run.checkpoint.Spec.Name, line) }}
	if o.Photos, o.Source, err = run.photos(c.Context, "", data.Val, b.images); err != nil {
		return nil, err
	}
	if len(o.Photos) < b.images {
		return nil, fail(fmt.Errorf("run %s has %d validation images, want %d", run.dir, len(o.Photos), b.images),
			fmt.Sprintf("--images %d", len(o.Photos)))
	}
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	o.Reader = []string{program, readerName}
	return verify.File(c.Context, file, run.checkpoint, o)
}

// reports reads what is known of the file: reports of other bytes, of fewer
// images or of another version do not count.
func (b *presetBench) reports(row *presetRow, file []byte) error {
	for _, device := range []ort.Device{{}, {CUDA: true}} {
		text, err := os.ReadFile(b.report(row.Network, device))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fileError(err)
		}
		var r verify.Report
		if json.Unmarshal(text, &r) != nil || r.SHA256 != verify.Digest(file) || r.Images < b.images || r.Version != version {
			continue
		}
		row.add(&r)
	}
	return nil
}

// train trains a network for an epoch on a few of the images.
func (b *presetBench) train(c *cli.Context, p arch.Preset, dir string) error {
	s := defaultSettings()
	s.Data, s.Arch, s.Epochs, s.Patience = b.data, p.Name, 1, 0
	spec, err := p.Build(p.Size, 5)
	if err != nil {
		return err
	}
	flops, _, err := spec.FLOPs()
	if err != nil {
		return err
	}
	// A few more to compare on than asked for: shares of classes are rounded.
	compared, trained := b.images+10, int(trainingFLOPs/3/float64(flops))
	if trained < 8*s.Batch {
		s.Batch = smallBatch
		trained = max(trained, leastSteps*s.Batch)
	}
	least := compared + leastSteps*s.Batch
	r := &trainRun{dir: dir, show: newProgress(c.App.ErrWriter)}
	n := compared + min(trained, 4*compared)
	if b.data == "" {
		s.Drawn = n
	} else {
		if b.scanned == nil {
			if b.scanned, err = data.Scan(c.Context, b.data, data.ScanOptions{}); err != nil {
				return fail(err, "want one folder for each class, with its images inside")
			}
		}
		n = min(n, len(b.scanned.Items))
	}
	if n < least {
		return fail(fmt.Errorf("%d images in %s, want %d: %d to compare on and some to train on", n, b.data,
			least, compared), "--images says on how many to compare, 32 or more")
	}
	s.Val = math.Ceil(1e4*float64(compared)/float64(n)) / 1e4
	if r.plan, err = resolve(s); err != nil {
		return err
	}
	cache, err := b.read(c, r, n)
	if err != nil {
		return err
	}
	opened, err := r.open(c, cache)
	if err != nil {
		return err
	}
	if _, err = r.train(c.Context, opened); err != nil {
		err = r.failure(c.Context, err)
	}
	return errors.Join(err, opened.Close())
}

// read loads and splits n of the images, spread over them.
func (b *presetBench) read(c *cli.Context, r *trainRun, n int) (*data.Cache, error) {
	if b.data == "" {
		return r.plan.images(c.Context, nil, r.show.reading)
	}
	some := *b.scanned
	some.Items = nil
	for _, i := range spread(len(b.scanned.Items), n) {
		some.Items = append(some.Items, b.scanned.Items[i])
	}
	cache, err := data.Load(c.Context, &some, r.plan.preprocess(), data.LoadOptions{Progress: r.show.reading})
	r.show.end()
	if err != nil {
		return nil, err
	}
	return cache, cache.Set.Split(data.SplitOptions{Val: r.plan.Val, Seed: r.plan.Seed})
}
