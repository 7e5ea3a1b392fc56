package shard

import (
	"fmt"
	"io/fs"
	"iter"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/infer/answers"
	"github.com/flowerctl/flowerctl/infer/pictures"
	"github.com/flowerctl/flowerctl/infer/rows"
)

// memory is a table of pictures; "" is none.
type memory struct {
	images []string
	opened int
}

func (m *memory) Column() string { return "image" }
func (m *memory) Close() error   { return nil }
func (m *memory) From(row int64) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for _, image := range m.images[min(row, int64(len(m.images))):] {
			data := []byte(image)
			if image == "" {
				data = nil
			}
			if !yield(data, nil) {
				return
			}
		}
	}
}

func (m *memory) open(file, _ string) (rows.Table, error) {
	if m.opened++; m.images == nil {
		return nil, &fs.PathError{Op: "open", Path: file, Err: fs.ErrNotExist}
	}
	return m, nil
}

func TestShardsOfATableAreItsRowsInOrder(t *testing.T) {
	m := &memory{}
	for i := range 20 {
		m.images = append(m.images, png+strings.Repeat("x", i))
	}
	m.images[13] = ""
	dir := t.TempDir()
	file := filepath.Join(dir, "a.parquet")
	put(t, file, "")
	list := func(o ListOptions) *Manifest {
		return opened(t, manifest(t, func(yield func(Source) bool) {
			for p := range pictures.List(pictures.Arguments{Names: []string{file}, Tables: m.open}) {
				if !yield(Source{Picture: p}) {
					return
				}
			}
		}, o))
	}
	all := list(ListOptions{})
	work := func(w Work) Work {
		w.Tables = m.open
		return w
	}
	out := t.TempDir()
	before := m.opened
	for i := range 2 {
		if _, err := Run(t.Context(), work(prediction(all, out, Shard{i, 2}, answers.JSON))); err != nil {
			t.Fatal(err)
		}
	}
	if n := m.opened - before; n != 3 { // each shard once, and again behind the row without an image
		t.Errorf("opened %d times", n)
	}
	merged, err := Merge(t.Context(), out, "")
	if err != nil {
		t.Fatal(err)
	}
	result := get(t, merged.Result)
	for i, line := range strings.Split(strings.TrimSpace(result), "\n") {
		if !strings.HasPrefix(line, fmt.Sprintf(`{"file":"%s/%d",`, file, i)) {
			t.Errorf("line %d: got %s", i, line)
		}
	}
	if merged.Failed != 2 || !strings.Contains(get(t, merged.Dead), `13","error":"no image in the row"`) {
		t.Errorf("got %+v, %s", merged, get(t, merged.Dead))
	}
	m.images[2] = png + "yy"
	_, err = Run(t.Context(), work(prediction(all, t.TempDir(), Shard{0, 1}, answers.JSON)))
	refused(t, err, "a.parquet/2: changed since it was listed: got SHA-256")
	m.images = m.images[:10]
	_, err = Run(t.Context(), work(prediction(list(ListOptions{}), t.TempDir(), Shard{0, 1}, answers.JSON)))
	if err != nil {
		t.Error(err)
	}
	_, err = Run(t.Context(), work(prediction(all, t.TempDir(), Shard{1, 2}, answers.JSON)))
	refused(t, err, "a.parquet/10: changed since it was listed: got row 10: the file ends before it")
	m.images = nil
	_, err = Run(t.Context(), work(prediction(all, t.TempDir(), Shard{0, 1}, answers.JSON)))
	refused(t, err, "a.parquet/0: changed since it was listed: got no such file")
	w := prediction(all, t.TempDir(), Shard{0, 1}, answers.JSON)
	for _, w.AllowChanged = range []bool{true, false} {
		_, err = Run(t.Context(), w)
		refused(t, err, "this build of the program reads no Parquet")
	}
}
