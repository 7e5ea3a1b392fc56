package predict

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/log"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/options/jobopts"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/prism"

	"github.com/flowerctl/flowerctl/fixtures/drawn"
	"github.com/flowerctl/flowerctl/fixtures/onnxruntime"
	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/answers"
	"github.com/flowerctl/flowerctl/infer/pictures"
	"github.com/flowerctl/flowerctl/infer/shard"
	"github.com/flowerctl/flowerctl/train/data/flowers"
)

func TestMain(m *testing.M) {
	log.LogLevel = "error"
	beam.Init()
	os.Exit(m.Run())
}

// job is a folder with a model, drawn flowers and a manifest of them.
type job struct{ model, photos, manifest string }

// prepared draws n flowers, and puts a picture that is cut short among them.
func prepared(t *testing.T, n int) job {
	t.Helper()
	onnxruntime.Need(t)
	dir := t.TempDir()
	j := job{filepath.Join(dir, "model.onnx"), filepath.Join(dir, "photos"),
		filepath.Join(dir, "manifest.jsonl")}
	put(t, j.model, drawn.Model())
	for i := range n {
		kinds := flowers.Kinds()
		put(t, filepath.Join(j.photos, fmt.Sprintf("%02d.png", i)),
			encoded(t, kinds[i%len(kinds)], uint64(i)))
	}
	whole := encoded(t, flowers.Daisy, 99)
	put(t, filepath.Join(j.photos, "05-cut.png"), whole[:len(whole)/2])
	j.list(t)
	return j
}

func encoded(t *testing.T, kind flowers.Kind, seed uint64) []byte {
	t.Helper()
	drawn := flowers.Draw(kind, seed, 48)
	img := image.NewNRGBA(image.Rect(0, 0, drawn.W, drawn.H))
	for i := range drawn.W * drawn.H {
		copy(img.Pix[4*i:], append(drawn.Pix[3*i:3*i+3:3*i+3], 255))
	}
	var out bytes.Buffer
	if err := png.Encode(&out, img); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func put(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755),
		os.WriteFile(path, data, 0o644)); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// list writes the manifest.
func (j job) list(t *testing.T) {
	t.Helper()
	sources := func(yield func(shard.Source) bool) {
		for p := range pictures.List(pictures.Arguments{Names: []string{j.photos}}) {
			if !yield(shard.Source{Picture: p}) {
				return
			}
		}
	}
	var out bytes.Buffer
	if _, err := shard.List(t.Context(), &out, sources, shard.ListOptions{}); err != nil {
		t.Fatal(err)
	}
	put(t, j.manifest, out.Bytes())
}

// plain is what flowerctl predict --manifest and flowerctl merge write: the answers and the
// dead letters.
func (j job) plain(t *testing.T, top int) (result, dead string) {
	t.Helper()
	m, err := shard.Open(j.manifest)
	if err != nil {
		t.Fatal(err)
	}
	file, err := infer.Find(j.model)
	if err != nil {
		t.Fatal(err)
	}
	c, err := file.Open(infer.Options{Many: true})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	w := shard.Work{Manifest: m, Shard: shard.Shard{Count: 1}, Dir: t.TempDir(), Device: "cpu",
		Answer: func(ctx context.Context, all iter.Seq[infer.Picture]) iter.Seq2[infer.Result, error] {
			return c.Stream(ctx, all, 5)
		}}
	var how answers.Writer
	w.Job, how = shard.Predictions(file, c, answers.Writer{Top: top},
		func(option string) bool { return option == "top" })
	w.Writer = shard.Answers(how)
	if _, err := shard.Run(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	merged, err := shard.Merge(t.Context(), w.Dir, "")
	if err != nil {
		t.Fatal(err)
	}
	return get(t, merged.Result), get(t, merged.Dead)
}

// options are those of the job into a new folder.
func (j job) options(t *testing.T) Options {
	return Options{Manifest: j.manifest, Model: j.model, Dir: filepath.Join(t.TempDir(), "out"),
		Shards: 4, Batch: 3, Top: 2,
		Given: func(option string) bool { return option == "top" }}
}

// metric is the value of a counter of the pipeline.
func metric(r beam.PipelineResult, name string) (n int64) {
	for _, c := range r.Metrics().AllMetrics().Counters() {
		if c.Namespace() == Namespace && c.Name() == name {
			n += c.Result()
		}
	}
	return n
}

func TestAnswersOnPrismAreThoseOfPredict(t *testing.T) {
	j := prepared(t, 29)
	o := j.options(t)
	cores := runtime.GOMAXPROCS(0)
	var executed beam.PipelineResult
	r, err := Run(t.Context(), o, func(ctx context.Context, p *beam.Pipeline) (
		result beam.PipelineResult, err error) {
		executed, err = prism.Execute(ctx, p)
		return executed, err
	})
	if err != nil {
		t.Fatal(err)
	}
	result, dead := j.plain(t, 2)
	if got := get(t, r.File); got != result {
		t.Errorf("got %.300s\nwant %.300s", got, result)
	}
	if got := get(t, r.Dead); got != dead || !strings.Contains(dead, "05-cut.png") ||
		strings.Count(dead, "\n") != 1 {
		t.Errorf("dead letters: got %s, want %s, of 05-cut.png", got, dead)
	}
	if r.Done != 4 || r.Answered != 30 || r.Failed != 1 {
		t.Errorf("got %+v, want 4 shards of 30 pictures, one without an answer", r.Status)
	}
	if got := metric(executed, Pictures); got != 30 {
		t.Errorf("counter: got %d pictures, want 30", got)
	}
	if got := metric(executed, DeadLetters); got != 1 {
		t.Errorf("counter: got %d dead letters, want 1", got)
	}
	// A run takes 3 pictures at most.
	if r.Runs < 10 || r.Runs > 30 || r.MaxMs < r.FastestMs {
		t.Errorf("got %+v, want the times of 10 runs or more", r)
	}
	if len(opened.classifiers) != 0 {
		t.Error("the model is still open")
	}
	if got := runtime.GOMAXPROCS(0); got != cores {
		t.Errorf("got GOMAXPROCS %d, want the %d of before", got, cores)
	}
	if words := jobopts.GetExperiments(); !slices.Contains(words, "prism_disable_sdf_split") {
		t.Errorf("got the experiments %q, and Prism may split bundles", words)
	}
	merged, err := shard.Merge(t.Context(), o.Dir, "") // as flowerctl merge does
	if err != nil || get(t, merged.Result) != result {
		t.Errorf("merged again: got %v", err)
	}
}

func TestFinishedShardsAreNotAnsweredAgain(t *testing.T) {
	j := prepared(t, 11)
	o := j.options(t)
	if _, err := Run(t.Context(), o, prism.Execute); err != nil {
		t.Fatal(err)
	}
	second := filepath.Join(o.Dir, "part-00002-of-00004.json")
	if err := errors.Join(os.Remove(second), os.Remove(filepath.Join(o.Dir, "_SUCCESS"))); err != nil {
		t.Fatal(err)
	}
	var again beam.PipelineResult
	r, err := Run(t.Context(), o, func(ctx context.Context, p *beam.Pipeline) (
		result beam.PipelineResult, err error) {
		again, err = prism.Execute(ctx, p)
		return again, err
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := metric(again, Pictures); got != 3 {
		t.Errorf("got %d pictures answered, want the 3 of a shard", got)
	}
	if result, _ := j.plain(t, 2); get(t, r.File) != result {
		t.Errorf("got %s, want %s", get(t, r.File), result)
	}
}

func TestAJobThatIsSubmittedIsNotWaitedFor(t *testing.T) {
	j := prepared(t, 4)
	submitted := func(context.Context, *beam.Pipeline) (beam.PipelineResult, error) { return nil, nil }
	o := j.options(t)
	if _, err := Run(t.Context(), o, submitted); err == nil || !strings.Contains(err.Error(), "no _SUCCESS") {
		t.Errorf("got %v, want that the folder is not shared", err)
	}
	o.Async = true
	r, err := Run(t.Context(), o, submitted)
	if err != nil || r.Done != 0 || r.Shards != 4 || r.Pictures != 5 {
		t.Errorf("got %+v, %v, want 4 shards to do", r, err)
	}
	p := plan{Options: Options{Manifest: "m.jsonl", Dir: "out"}}
	if err := p.absolute(); err != nil || !filepath.IsAbs(p.Manifest) || !filepath.IsAbs(p.Dir) || p.Model != "" {
		t.Errorf("got %+v, %v, want what workers find from any folder", p.Options, err)
	}
}

func TestShardsWithoutPicturesAreWritten(t *testing.T) {
	j := prepared(t, 1)
	o := j.options(t)
	r, err := Run(t.Context(), o, prism.Execute)
	if err != nil || r.Done != 4 || r.Answered != 2 {
		t.Fatalf("got %+v, %v, want 4 shards of 2 pictures", r, err)
	}
}

func TestAPictureThatChangedEndsTheJob(t *testing.T) {
	j := prepared(t, 8)
	put(t, filepath.Join(j.photos, "03.png"), encoded(t, flowers.Daisy, 1234))
	o := j.options(t)
	_, err := Run(t.Context(), o, prism.Execute)
	refused(t, err, "03.png: changed since it was listed")
	if _, err := os.Stat(filepath.Join(o.Dir, "_SUCCESS")); err == nil {
		t.Error("there is _SUCCESS")
	}
	o.AllowChanged = true
	r, err := Run(t.Context(), o, prism.Execute)
	if err != nil || r.Failed != 2 {
		t.Errorf("allowed: got %+v, %v, want 2 without an answer", r, err)
	}
}
