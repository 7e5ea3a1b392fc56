// Package predict is a pipeline of Apache Beam that answers for the pictures of a manifest,
// in the shards and files of flowerctl predict --manifest, which flowerctl merge and status
// read. The model is opened once in a process; the manifest, the model's file, the pictures
// and the folder of the answers are where all workers find them under the same names.
//
// It never imports training, export or gorgonia. Start at [Run].
package predict

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/options/jobopts"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/transforms/batch"

	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/answers"
	"github.com/flowerctl/flowerctl/infer/shard"
)

func init() {
	// By reflection: the generated calls of package register for five parameters compile for
	// minutes, and a call here is a batch or a shard.
	for _, fn := range []any{&shardsFn{}, &readFn{}, &answerFn{}, &writeFn{}, &mergeFn{}, besideFn} {
		beam.RegisterDoFn(fn)
	}
	register.Emitter1[int64]()
	register.Emitter2[int64, []byte]()
	register.Emitter2[int64, int64]()
	register.Iter1[bool]()
	register.Iter1[int64]()
	register.Iter1[[]byte]()
}

// Options say what is answered.
type Options struct {
	Manifest string // a file of flowerctl list
	Dir      string // of the shards' files
	// Model is a file, or "" for model.onnx in the working directory or else the built-in one.
	Model string
	// Shards is how many; 0 means one for 500 pictures, 1,000 at most. No more workers than
	// shards have work.
	Shards int
	Batch  int // pictures a run of the network; 0 means infer.DefaultBatch
	// Top and MinConfidence are those of answers.Writer, where Given says so of "top" and
	// "min-confidence": see shard.Predictions. A Given of nil says so of none.
	Top           int
	MinConfidence float64
	Given         func(option string) bool
	// AllowChanged is that of shard.Work.
	AllowChanged bool
	// Async says that execute does not wait for the pipeline's end: the result is how far
	// the folder is.
	Async bool
	// Begin is told of the job before it is executed; nil: nobody.
	Begin func(job shard.Job)
}

// perShard is how many pictures a shard has where nothing else is asked: half a minute's
// work, so that workers share the last of them, and a retry repeats little.
const (
	perShard   = 500
	mostShards = 1000
)

// Execute runs a pipeline: beamx.RunWithMetrics, or a runner's.
type Execute func(context.Context, *beam.Pipeline) (beam.PipelineResult, error)

// Run answers for the pictures of a manifest by a pipeline, and gives what is in the folder
// at the end. What is not there or of another job is an error before anything is executed,
// and what a retry cannot mend a [*permanent.Error].
func Run(ctx context.Context, o Options, execute Execute) (*Result, error) {
	m, err := shard.Open(o.Manifest)
	if err != nil {
		return nil, err
	}
	p := plan{Options: o}
	if err := p.absolute(); err != nil {
		return nil, err
	}
	classifier, err := p.open(m)
	if err != nil {
		return nil, err
	}
	if o.Begin != nil {
		o.Begin(p.job)
	}
	neverSplit()
	pipeline := p.pipeline(m)
	forget()
	executed, err := execute(ctx, pipeline)
	if why := first(); err != nil && why != nil {
		err = why
	}
	if err := errors.Join(err, classifier.end()); err != nil {
		return nil, err
	}
	return p.result(executed)
}

// neverSplit keeps Prism from splitting bundles that take long. It would give what is left of
// a key to another bundle that runs at the same time, and GroupIntoBatches loses pictures:
// splitBundle in Prism's elementmanager.go takes the key out of inprogressKeys (Beam 2.77).
// Writing a shard counts its pictures, and would fail. Other runners do not know the word.
func neverSplit() {
	const word = "prism_disable_sdf_split"
	if words := jobopts.GetExperiments(); !slices.Contains(words, word) {
		*jobopts.Experiments = strings.Join(append(words, word), ",")
	}
}

// plan is what a pipeline is made of.
type plan struct {
	Options
	model  Model
	writer answers.Writer
	job    shard.Job
	device string
}

// absolute makes names of files those that any process finds them under. The pictures' are
// as they were listed.
func (p *plan) absolute() (err error) {
	for _, path := range []*string{&p.Manifest, &p.Dir, &p.Model} {
		if *path != "" && err == nil {
			*path, err = filepath.Abs(*path)
		}
	}
	return err
}

// open opens the model, which says how answers are written, and claims the folder.
func (p *plan) open(m *shard.Manifest) (_ *classifier, err error) {
	file, err := infer.Find(p.Model)
	if err != nil {
		return nil, err
	}
	p.model = Model{Builtin: file.Builtin, SHA256: shard.Hash(file.Data)}
	if !file.Builtin {
		if p.model.Path, err = filepath.Abs(file.Name); err != nil {
			return nil, err
		}
	}
	c, err := open(p.model)
	if err != nil {
		return nil, err
	}
	given := p.Given
	if given == nil {
		given = func(string) bool { return false }
	}
	how := answers.Writer{Top: p.Top, MinConfidence: p.MinConfidence}
	p.job, p.writer = shard.Predictions(file, c.Classifier, how, given)
	p.device = c.Session().Device().String()
	p.Batch = cmp.Or(p.Batch, infer.DefaultBatch)
	if p.Shards == 0 {
		p.Shards = int(min(mostShards, max(1, (m.Pictures+perShard-1)/perShard)))
	}
	if err := p.job.Claim(p.Dir, m, p.Shards); err != nil {
		return nil, errors.Join(err, c.end())
	}
	return c, nil
}

// pipeline is the graph: shards, their pictures, batches, answers, files, the result.
func (p *plan) pipeline(m *shard.Manifest) *beam.Pipeline {
	pipeline, root := beam.NewPipelineWithRoot()
	s := root.Scope("flowerctl")
	indexes := beam.Reshuffle(s, beam.ParDo(s, &shardsFn{p.Shards}, beam.Impulse(s)))
	pictures := beam.ParDo(s, &readFn{Manifest: p.Manifest, SHA256: m.SHA256, Dir: p.Dir,
		Shards: p.Shards}, indexes)
	batches := batch.GroupIntoBatches(s, batch.Params{BatchSize: int64(p.Batch)}, pictures)
	lines, dead := beam.ParDo2(s, &answerFn{Model: p.model, Writer: p.writer, Batch: p.Batch,
		AllowChanged: p.AllowChanged}, batches)
	beside := beam.ParDo(s, besideFn, indexes) // shards without a picture have files too
	written := beam.ParDo(s, &writeFn{p.Dir, p.device, p.job},
		beam.CoGroupByKey(s, beside, lines, dead))
	beam.ParDo0(s, &mergeFn{p.Dir}, beam.GroupByKey(s, written))
	return pipeline
}

// Result is what there is at the end.
type Result struct {
	shard.Status
	File string // the answers
	Dead string // the dead letters; "" where there are none

	Runs             int64 // of the network, on a batch each, that the runner tells of
	MeanMs           float64
	FastestMs, MaxMs int64
}

func (p *plan) result(executed beam.PipelineResult) (*Result, error) {
	if _, err := os.Stat(filepath.Join(p.Dir, shard.SuccessFile)); err != nil && !p.Async {
		return nil, fmt.Errorf("%s: the pipeline has ended, and there is no %s: do the workers "+
			"share this folder?", p.Dir, shard.SuccessFile)
	}
	status, err := shard.ReadStatus(p.Dir)
	if err != nil {
		return nil, err
	}
	r := &Result{Status: *status, File: p.job.ResultFile(p.Dir)}
	if r.Failed > 0 {
		r.Dead = filepath.Join(p.Dir, shard.DeadFile)
	}
	if !p.Async {
		r.measure(executed)
	}
	return r, nil
}

// measure reads the metrics.
func (r *Result) measure(executed beam.PipelineResult) {
	for _, d := range executed.Metrics().AllMetrics().Distributions() {
		if v := d.Result(); d.Namespace() == Namespace && d.Name() == ModelMs && v.Count > 0 {
			r.Runs, r.FastestMs, r.MaxMs = v.Count, v.Min, v.Max
			r.MeanMs = float64(v.Sum) / float64(v.Count)
		}
	}
}
