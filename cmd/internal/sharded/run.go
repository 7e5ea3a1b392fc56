package sharded

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"path/filepath"

	"github.com/flowerctl/flowerctl/cmd/internal/choose"
	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/cmd/internal/stores"
	"github.com/flowerctl/flowerctl/cmd/internal/terminal"
	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/answers"
	"github.com/flowerctl/flowerctl/infer/ort"
	"github.com/flowerctl/flowerctl/infer/shard"
	"github.com/flowerctl/flowerctl/train/permanent"
	"github.com/flowerctl/flowerctl/train/table"
)

// Predict answers for the shard with the model that the flags name. Of the writer, Top and
// MinConfidence count, and whether it writes CSV; the file's own threshold holds where the
// user gives no --min-confidence.
func (f *Flags) Predict(c *shell.Call, flags *choose.Flags, how *answers.Writer, batch int) (
	err error) {
	if flag := c.FirstGiven("explain", "list", "column"); flag != "" {
		return shell.Usagef("--manifest and --%s: want one of them", flag)
	}
	w, stop, err := f.work(c)
	if err != nil {
		return err
	}
	defer stop()
	m, err := flags.Find(c)
	if err != nil {
		return forGood(err)
	}
	classifier, err := m.Open(c, true)
	if err != nil {
		return forGood(err)
	}
	defer shell.Closing(&err, classifier.Close)
	m.Tell(c)
	var written answers.Writer
	w.Job, written = shard.Predictions(m.File, classifier, *how, c.Given)
	w.Writer, w.Device = shard.Answers(written), m.Options.Session.Device.String()
	return work(c, w, classifier.Engine(), batch)
}

// Evaluated is what is evaluated.
type Evaluated struct {
	infer.Engine
	Name     string
	Labels   []string
	Sum      string            // SHA-256 of the model
	Settings map[string]string // what answers depend on beside it
	Device   string
	Close    func() error
	// Thresholds are those of a model of several labels a picture, by label; nil of others.
	Thresholds []float64
}

// OfModel is a model to evaluate.
func OfModel(m *choose.Model, c *infer.Classifier) *Evaluated {
	return &Evaluated{Engine: c.Engine(), Name: m.Name, Labels: c.Labels(), Close: c.Close,
		Sum: shard.Hash(m.Data), Settings: shard.Settings(c), Device: m.Options.Session.Device.String(),
		Thresholds: c.Thresholds()}
}

// Eval evaluates on the shard with what open opens. The result will be JSON, or a text.
func (f *Flags) Eval(c *shell.Call, asJSON bool, worst, batch int,
	open func() (*Evaluated, error)) (err error) {
	w, stop, err := f.work(c)
	if err != nil {
		return err
	}
	defer stop()
	e, err := open()
	if err != nil {
		return forGood(err)
	}
	defer shell.Closing(&err, e.Close)
	if w.Writer, err = shard.Judged(w.Manifest, e.Labels); err != nil {
		return err
	}
	w.Device = e.Device
	format := answers.Text
	if asJSON {
		format = answers.JSON
	}
	w.Job = shard.Job{Kind: shard.Eval, Format: string(format), Model: e.Sum, Name: e.Name,
		Settings: e.Settings, Labels: e.Labels, Worst: worst}
	return work(c, w, e.Engine, batch)
}

// forGood marks errors of a model that starting the shard again cannot mend: all but
// those of the file system and of a device.
func forGood(err error) error {
	var file *fs.PathError
	var device *ort.DeviceError
	if errors.As(err, &file) || errors.As(err, &device) || shell.IsUsage(err) {
		return err
	}
	return &permanent.Error{Err: err}
}

// work answers for the shard with an engine, and says what was done.
func work(c *shell.Call, w *shard.Work, e infer.Engine, batch int) (err error) {
	defer shell.Closing(&err, w.Objects.Close)
	e.Alone = true
	from, _ := w.Shard.Range(w.Manifest.Pictures)
	for first := range w.Manifest.Entries(from, min(from+1, w.Manifest.Pictures)) {
		e.Decoders = stores.Decoders(first.File)
	}
	w.Answer = func(ctx context.Context, p iter.Seq[infer.Picture]) iter.Seq2[infer.Result, error] {
		return infer.Stream(ctx, e, p, batch)
	}
	counter, tell := (*terminal.Counter)(nil), w.Watch
	w.Watch = func(done, failed, of int64) {
		if tell(done, failed, of); counter == nil {
			counter = terminal.NewCounter(c.Log, int(of))
			counter.Begin(int(done))
		}
		counter.Show(int(done), int(of))
	}
	o, err := shard.Run(c.Ctx, *w)
	if counter != nil {
		counter.End()
	}
	if err != nil {
		return err
	}
	more := ""
	if o.Already > 0 {
		more = fmt.Sprintf(", %d of them before", o.Already)
	}
	if o.Failed > 0 {
		more += fmt.Sprintf("; %d without an answer: %s", o.Failed, filepath.Join(w.Dir, o.Dead.File))
	}
	_, err = fmt.Fprintf(c.Out, "%s: %s%s\n", filepath.Join(w.Dir, o.Parts.File),
		table.Count(o.Done, "picture"),
		more)
	return err
}
