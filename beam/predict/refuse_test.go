package predict

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/prism"

	"github.com/flowerctl/flowerctl/fixtures/drawn"
	"github.com/flowerctl/flowerctl/infer/shard"
	"github.com/flowerctl/flowerctl/train/permanent"
)

// refused wants an error that a retry does not mend.
func refused(t *testing.T, err error, want string) {
	t.Helper()
	var p *permanent.Error
	if !errors.As(err, &p) || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want a permanent error with %q", err, want)
	}
}

func TestNothingIsExecutedOfABadJob(t *testing.T) {
	j := prepared(t, 4)
	never := func(context.Context, *beam.Pipeline) (beam.PipelineResult, error) {
		t.Error("executed")
		return nil, errors.New("executed")
	}
	o := j.options(t)
	o.Manifest = filepath.Join(j.photos, "gone.jsonl")
	if _, err := Run(t.Context(), o, never); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no manifest: got %v", err)
	}
	o.Manifest = j.model
	_, err := Run(t.Context(), o, never)
	refused(t, err, "not a manifest")

	o = j.options(t)
	o.Model = j.manifest
	_, err = Run(t.Context(), o, never)
	refused(t, err, "manifest.jsonl")

	o = j.options(t)
	if _, err := Run(t.Context(), o, prism.Execute); err != nil {
		t.Fatal(err)
	}
	o.Model = filepath.Join(t.TempDir(), "other.onnx")
	put(t, o.Model, append(bytes.Clone(drawn.Model()), 0x32, 1, 'x')) // with a doc_string
	_, err = Run(t.Context(), o, never)
	refused(t, err, "has shards of another job: model")
}

func TestWorkersRefuseAnotherModelOrManifest(t *testing.T) {
	j := prepared(t, 4)
	_, err := open(Model{Path: j.model, SHA256: strings.Repeat("0", 64)})
	refused(t, err, "but the job was started with 000000000000")
	f := &readFn{Manifest: j.manifest, SHA256: strings.Repeat("0", 64)}
	refused(t, f.Setup(), "but the job was started with 000000000000")
}

// The pipeline has no stores and no tables: nothing of a manifest with such pictures becomes
// dead letters.
func TestPicturesThatAreNoFilesEndTheJob(t *testing.T) {
	for _, entry := range []string{`"file":"s3://b/a.png"`,
		`"file":"a.parquet/0","table":"a.parquet","column":"image","row":0`} {
		lines := fmt.Appendf(nil, "{\"flowerctl_manifest\":1}\n{%s,\"size\":9,\"sha256\":%q}\n", entry,
			shard.Hash(nil))
		path := filepath.Join(t.TempDir(), "m.jsonl")
		put(t, path, fmt.Appendf(lines, `{"pictures":1,"bytes":9,"sha256":%q}`+"\n", shard.Hash(lines)))
		m, err := shard.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		f := &readFn{Manifest: path, SHA256: m.SHA256, Dir: t.TempDir(), Shards: 1}
		if err := f.Setup(); err != nil {
			t.Fatal(err)
		}
		err = f.ProcessElement(t.Context(), 0, func(int64, []byte) { t.Error("emitted") })
		refused(t, err, "want files")
	}
}

// The module takes of flowerctl what answers, and nothing that trains.
func TestThePipelineReachesNoTraining(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "../...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for path := range strings.Lines(string(out)) {
		for _, never := range []string{"gorgonia.org/", "github.com/flowerctl/flowerctl/export",
			"github.com/flowerctl/flowerctl/train/nn", "github.com/urfave/cli"} {
			if strings.HasPrefix(path, never) {
				t.Errorf("reaches %s", strings.TrimSpace(path))
			}
		}
	}
}
