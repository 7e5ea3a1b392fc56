// Package presets verifies whole networks: each is trained for a few steps,
// exported and compared with gorgonia, and a table shows them all. What is in its
// folder already is not done again. It runs both gorgonia and onnxruntime, which
// package export never imports. Start at [Bench].
package presets

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"

	"github.com/flowerctl/flowerctl/export"
	"github.com/flowerctl/flowerctl/export/verify"
	"github.com/flowerctl/flowerctl/infer/ort"
	"github.com/flowerctl/flowerctl/train/arch"
	"github.com/flowerctl/flowerctl/train/atomicfile"
	"github.com/flowerctl/flowerctl/train/data"
	"github.com/flowerctl/flowerctl/train/run"
	"github.com/flowerctl/flowerctl/train/table"
)

// trainingFLOPs is what the one epoch of a network's training may cost, some
// seconds: a backward pass costs two forward. A large network takes leastSteps of a
// small batch all the same.
const (
	trainingFLOPs = 1e12
	leastSteps    = 5
	smallBatch    = 8
)

// onnx-go answers for readerImages, and for large networks for as many as cost
// readerFLOPs: its convolution does about 5 GFLOP/s, and verify waits for a minute.
const (
	readerImages = 16
	readerFLOPs  = 1.3e11
)

// TableFile is where the table goes in the folder.
const TableFile = "presets.md"

// Bench verifies networks in one folder: for each the run NAME, the file NAME.onnx,
// and a report for each device. The zero values of Images and Device are no default:
// give 32 images or more.
type Bench struct {
	Dir     string
	Data    string // folder of images; "" for drawn flowers
	Images  int    // to compare on
	Device  ort.Device
	Version string   // of the program
	Reader  []string // the command that onnx-go runs in, see verify.Options
	// Observer hears of the trainings; may be nil.
	Observer Observer

	scanned *data.Set // of Data; nil until a network has to be trained
}

// Observer hears how the networks are trained and compared.
type Observer interface {
	run.Observer
	// Opened comes before a training.
	Opened(s *run.Session, again bool) error
	// Log is told a line of what happens to a network.
	Log(network, line string)
}

// TooFewError says that there are fewer images than a comparison wants.
type TooFewError struct {
	What      string // "run DIR has N validation images"
	Have      int
	Want      int
	Comparing int // Want is for comparing on so many, and some to train on; 0: only comparing
}

func (e *TooFewError) Error() string {
	if e.Comparing == 0 {
		return fmt.Sprintf("%s, want %d", e.What, e.Want)
	}
	return fmt.Sprintf("%s, want %d: %d to compare on and some to train on",
		e.What, e.Want, e.Comparing)
}

// Run verifies the networks, one after the other, and writes the table. Dir must not be in
// Data: the error is an [*atomicfile.InsideError].
func (b *Bench) Run(ctx context.Context, networks []arch.Preset) ([]Row, error) {
	if b.Data != "" && data.Within(b.Data, b.Dir) {
		return nil, &atomicfile.InsideError{Path: b.Dir, Dir: b.Data}
	}
	if err := os.MkdirAll(b.Dir, 0o777); err != nil {
		return nil, err
	}
	var rows []Row
	for _, p := range networks {
		row, err := b.verify(ctx, p)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.Name, err)
		}
		rows = append(rows, row)
	}
	return rows, atomicfile.Write(b.path(TableFile), Table(rows).WriteMarkdown)
}

func (b *Bench) path(name string) string { return filepath.Join(b.Dir, name) }

// report is the path of a device's report of a network. The CPU's is the one that
// verify writes and that verify.Require reads.
func (b *Bench) report(name string, device ort.Device) string {
	file := b.path(name + ".onnx")
	if device.CUDA {
		file += ".cuda"
	}
	return verify.ReportPath(file)
}

func (b *Bench) verify(ctx context.Context, p arch.Preset) (Row, error) {
	folder := run.Folder{Dir: b.path(p.Name)}
	trained, err := folder.Trained(run.Best)
	var missing *run.NoCheckpointError
	if errors.Is(err, fs.ErrNotExist) || errors.As(err, &missing) {
		if err := b.train(ctx, p, folder); err != nil {
			return Row{}, err
		}
		trained, err = folder.Trained(run.Best)
	}
	if err != nil {
		return Row{}, err
	}
	m, err := export.Model(trained.Checkpoint, export.Options{Version: b.Version})
	if err != nil {
		return Row{}, err
	}
	file, err := m.Encode()
	if err != nil {
		return Row{}, err
	}
	if err := atomicfile.WriteBytes(b.path(p.Name+".onnx"), file); err != nil {
		return Row{}, err
	}
	row := Row{Network: p.Name, Parameters: p.Parameters, Steps: trained.Checkpoint.Training.Step}
	if err := b.reports(&row, file); err != nil || row.has(b.Device) {
		return row, err
	}
	r, err := b.compare(ctx, trained, file)
	if err != nil {
		return row, err
	}
	row.add(r)
	return row, r.Save(b.report(p.Name, b.Device), p.Name+".onnx")
}

// compare verifies a file on the run's validation images.
func (b *Bench) compare(ctx context.Context, trained *run.Trained,
	file []byte) (*verify.Report, error) {
	flops, _, err := trained.Checkpoint.Spec.FLOPs()
	if err != nil {
		return nil, err
	}
	o := verify.Options{Device: b.Device, Version: b.Version, Reader: b.Reader,
		ReaderImages: max(2, min(readerImages, int(readerFLOPs/float64(flops))))}
	if b.Observer != nil {
		o.Log = func(line string) { b.Observer.Log(trained.Checkpoint.Spec.Name, line) }
	}
	if o.Photos, o.Source, err = trained.Photos(ctx, "", data.Val, b.Images); err != nil {
		return nil, err
	}
	if n := len(o.Photos); n < b.Images {
		return nil, &TooFewError{fmt.Sprintf("run %s has %d validation images", trained.Dir, n),
			n, b.Images, 0}
	}
	return verify.File(ctx, file, trained.Checkpoint, o)
}

// reports reads what is known of the file: reports of other bytes, of fewer images
// or of another version do not count.
func (b *Bench) reports(row *Row, file []byte) error {
	for _, device := range []ort.Device{{}, {CUDA: true}} {
		text, err := os.ReadFile(b.report(row.Network, device))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		var r verify.Report
		if json.Unmarshal(text, &r) != nil || r.SHA256 != verify.Digest(file) ||
			r.Images < b.Images || r.Version != b.Version {
			continue
		}
		row.add(&r)
	}
	return nil
}

// train trains a network for an epoch on a few of the images.
func (b *Bench) train(ctx context.Context, p arch.Preset, folder run.Folder) error {
	s, n, err := b.settings(ctx, p)
	if err != nil {
		return err
	}
	o := run.Options{Dir: folder.Dir, Version: b.Version}
	if b.Observer != nil {
		o.Observer = b.Observer
	}
	if b.Data != "" {
		o.Scanned = b.scanned.Spread(n)
	}
	session, err := run.Open(ctx, s, o)
	if err != nil {
		return err
	}
	if b.Observer != nil {
		err = b.Observer.Opened(session, false)
	}
	if err == nil {
		_, err = session.Train(ctx)
	}
	return errors.Join(err, session.Close())
}

// settings are those of a network's short training, and on how many images.
func (b *Bench) settings(ctx context.Context, p arch.Preset) (s run.Settings, n int, err error) {
	s = run.Defaults()
	s.Data, s.Arch, s.Epochs, s.Patience, s.Batch = b.Data, p.Name, 1, 0, 32
	spec, err := p.Build(p.Size, arch.StudyClasses)
	if err != nil {
		return s, 0, err
	}
	flops, _, err := spec.FLOPs()
	if err != nil {
		return s, 0, err
	}
	// A few more to compare on than asked for: shares of classes are rounded.
	compared, trained := b.Images+10, int(trainingFLOPs/3/float64(flops))
	if trained < 8*s.Batch {
		s.Batch = smallBatch
		trained = max(trained, leastSteps*s.Batch)
	}
	least := compared + leastSteps*s.Batch
	n = compared + min(trained, 4*compared)
	if b.Data == "" {
		s.Drawn = n
	} else {
		if b.scanned == nil {
			if b.scanned, err = data.Scan(ctx, b.Data, data.ScanOptions{}); err != nil {
				return s, 0, &run.DataError{Err: err}
			}
		}
		n = min(n, len(b.scanned.Items))
	}
	if n < least {
		return s, 0, &TooFewError{fmt.Sprintf("%s in %s", table.Count(n, "image"), b.Data), n, least,
			compared}
	}
	s.Val = math.Ceil(1e4*float64(compared)/float64(n)) / 1e4
	return s, n, nil
}
