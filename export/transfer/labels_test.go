package transfer_test

import (
	"context"
	"crypto/sha256"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/flowerctl/flowerctl/export/transfer"
	"github.com/flowerctl/flowerctl/infer/backbone"
	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/cleaning"
	"github.com/flowerctl/flowerctl/train/data"
	"github.com/flowerctl/flowerctl/train/run"
)

var (
	flowersDir = flag.String("flowers", "", "folder of photographs, one folder a class, of which "+
		"labels are changed and found again")
	judge = flag.String("judge", "efficientnet-lite0", "backbone that finds them")
)

// TestChangedLabelsAreFound changes 100 labels at random and counts how many of them are
// among the first 120 that are listed. The backbone is one of flowerctl backbone fetch.
//
//	go test -tags=onednn,libjpeg ./export/transfer -run TestChangedLabelsAreFound -v \
//	    -timeout 1h -flowers DIR
func TestChangedLabelsAreFound(t *testing.T) {
	if *flowersDir == "" {
		t.Skip("no -flowers: takes minutes")
	}
	body := openJudge(t)
	for seed := range uint64(3) {
		set, changed := changeLabels(t, *flowersDir, 100, seed+1)
		report, err := cleaning.Check(context.Background(), set, cleaning.Options{Body: body})
		if err != nil {
			t.Fatal(err)
		}
		list := report.Labels.Doubtful
		among := func(n int) (found int) {
			for _, d := range list[:min(n, len(list))] {
				if changed[d.Path] {
					found++
				}
			}
			return found
		}
		t.Logf("seed %d: %d of 100 changed labels among the first 50, %d among 100, %d among 120, "+
			"%d of all %d listed; %.1f %% agree", seed+1, among(50), among(100), among(120),
			among(len(list)), len(list), 100*report.Labels.Agreement)
		if among(120) < 60 {
			t.Errorf("seed %d: %d of 100 changed labels are among the first 120, want 60 or more",
				seed+1, among(120))
		}
	}
}

// changeLabels is a set with links to the photographs of dir, n of which are in another
// class's folder: these are changed.
func changeLabels(t *testing.T, dir string, n int, seed uint64) (*data.Set, map[string]bool) {
	t.Helper()
	ctx := context.Background()
	from, err := filepath.Abs(dir)
	if err != nil {
		t.Fatal(err)
	}
	set, err := data.Scan(ctx, from, data.ScanOptions{})
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(seed, 1))
	wrong, changed := map[int]bool{}, map[string]bool{}
	for _, i := range rng.Perm(len(set.Items))[:n] {
		wrong[i] = true
	}
	to := t.TempDir()
	for i, it := range set.Items {
		class := it.Class
		if wrong[i] {
			class = (class + 1 + rng.IntN(len(set.Labels)-1)) % len(set.Labels)
		}
		name := set.Labels[class] + "/" + fmt.Sprintf("%05d%s", i, filepath.Ext(it.Path))
		changed[name] = wrong[i]
		if err := os.MkdirAll(filepath.Join(to, set.Labels[class]), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(filepath.Join(from, it.Path), filepath.Join(to, name)); err != nil {
			t.Fatal(err)
		}
	}
	if set, err = data.Scan(ctx, to, data.ScanOptions{}); err != nil {
		t.Fatal(err)
	}
	return set, changed
}

// known is a body that computes the features of an image once.
type known struct {
	*run.Body
	features map[[32]byte][]float32
}

func openJudge(t *testing.T) known {
	t.Helper()
	entry, path, err := backbone.Open(*judge)
	if err != nil {
		t.Fatal(err)
	}
	file, err := onnx.ReadBytes(path)
	if err != nil {
		t.Fatal(err)
	}
	base, err := transfer.Base(transfer.Source{Name: *judge, File: file,
		Mean: entry.Normalisation.Mean, Std: entry.Normalisation.Std})
	if err != nil {
		t.Fatal(err)
	}
	base.Check = nil // TestBase compares
	body, err := base.Body(0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { body.Close() })
	return known{body, map[[32]byte][]float32{}}
}

func (k known) Features(ctx context.Context, images []imageprep.Image) (all []float32, err error) {
	var missing []imageprep.Image
	keys := make([][32]byte, len(images))
	for i, img := range images {
		keys[i] = sha256.Sum256(img.Pix)
		if _, ok := k.features[keys[i]]; !ok {
			missing = append(missing, img)
			k.features[keys[i]] = nil
		}
	}
	if len(missing) > 0 {
		values, err := k.Body.Features(ctx, missing)
		if err != nil {
			return nil, err
		}
		d := len(values) / len(missing)
		for i, img := range missing {
			k.features[sha256.Sum256(img.Pix)] = values[i*d : (i+1)*d]
		}
	}
	for _, key := range keys {
		all = append(all, k.features[key]...)
	}
	return all, nil
}
