//go:build cloud

package parquetfile

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"github.com/flowerctl/flowerctl/infer/rows"
)

// image is as Hugging Face's data sets have it.
type image struct {
	Bytes []byte `parquet:"bytes,optional"`
	Path  string `parquet:"path,optional"`
}

type labelled struct {
	Image *image `parquet:"image,optional"`
	Label int64  `parquet:"label"`
}

// written is a file with rows, of which so many are in a row group.
func written[T any](t testing.TB, group int, all ...T) string {
	t.Helper()
	var b bytes.Buffer
	w := parquet.NewGenericWriter[T](&b, parquet.MaxRowsPerRowGroup(int64(group)), parquet.PageBufferSize(64))
	_, err := w.Write(all)
	if err = errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "a.parquet")
	if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// images are n of them; every fifth row has none.
func images(n int) (all []labelled) {
	for i := range n {
		r := labelled{Label: int64(i)}
		if i%5 != 4 {
			r.Image = &image{Bytes: []byte(strings.Repeat("x", i)), Path: "a.jpg"}
		}
		all = append(all, r)
	}
	return all
}

func TestImagesAreReadFromAnyRowOn(t *testing.T) {
	path := written(t, 8, images(30)...)
	for from := range int64(31) {
		row := from
		for cell, err := range rows.Pictures(Open, path, "", from) {
			if err != nil {
				t.Fatal(err)
			}
			if cell.Row != row || cell.Column != "image.bytes" || (cell.Data == nil) != (row%5 == 4) ||
				cell.Data != nil && len(cell.Data) != int(row) {
				t.Errorf("from %d: got %+v", from, cell)
			}
			row++
		}
		if row != 30 {
			t.Errorf("from %d: ended before row %d", from, row)
		}
	}
	c := &rows.Cursor{Open: Open}
	defer c.Close()
	for _, row := range []int64{3, 5, 6, 28, 0, 1} {
		if cell, err := c.Read(path, "image", row); err != nil || len(cell.Data) != int(row) {
			t.Errorf("row %d: got %+v, %v", row, cell, err)
		}
	}
	if _, err := c.Read(path, "", 30); !errors.Is(err, rows.ErrDamaged) {
		t.Errorf("got %v", err)
	}
}

func TestTheColumnIsFoundOrNamed(t *testing.T) {
	type one struct {
		Name string `parquet:"name"`
		JPEG []byte `parquet:"jpeg"`
	}
	type two struct {
		A []byte `parquet:"a"`
		B []byte `parquet:"b"`
	}
	type list struct {
		A [][]byte `parquet:"a"`
	}
	type beside struct {
		Sum   []byte `parquet:"sum"`
		Image *image `parquet:"image,optional"`
	}
	for _, c := range []struct{ path, column, want string }{
		{written(t, 9, one{"x", []byte("y")}), "", "jpeg"},
		{written(t, 9, one{"x", []byte("y")}), "jpeg", "jpeg"},
		{written(t, 9, one{"x", []byte("y")}), "png", `got column "png", want one of bytes: jpeg`},
		{written(t, 9, two{}), "", "several columns of bytes, want the name of one: a, b"},
		{written(t, 9, two{}), "b", "b"},
		{written(t, 9, list{}), "", "no column of bytes"},
		{written(t, 9, images(2)...), "image", "image.bytes"},
		{written(t, 9, beside{}), "", "image.bytes"},
	} {
		got := ""
		if table, err := Open(c.path, c.column); err != nil {
			got = err.Error()
		} else if got = table.Column(); table.Close() != nil {
			t.Error("not closed")
		}
		if got != c.want {
			t.Errorf("%q: got %s, want %s", c.column, got, c.want)
		}
	}
	if _, err := Open("gone.parquet", ""); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

// TestSizesOfPagesAreNotBelieved: whatever a byte of the header of a page says, reading it
// allocates no more than a page may have.
func TestSizesOfPagesAreNotBelieved(t *testing.T) {
	path := written(t, 100, images(9)...)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head := []byte{0x15, 0x00, 0x15, 0xfe, 0xff, 0xff, 0xff, 0x0f, 0x15, 0x20} // 2 GiB, of 16 bytes
	copy(data[4:], head)
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
	_, err = (&rows.Cursor{Open: Open}).Read(path, "", 0)
	if !errors.Is(err, rows.ErrDamaged) || !strings.Contains(err.Error(), "a page of 16 bytes, 2147483647") {
		t.Errorf("got %v", err)
	}
}

// TestAFooterIsInsideItsFile, or the file is none.
func TestAFooterIsInsideItsFile(t *testing.T) {
	for _, text := range []string{"", "PAR1", "PAR1\xff\xff\xff\xffPAR1", "PAR1xxxx\x05\x00\x00\x00PAR1"} {
		path := filepath.Join(t.TempDir(), "a.parquet")
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		_, err := Open(path, "")
		if !errors.Is(err, rows.ErrDamaged) || !strings.Contains(err.Error(), "cut short (a footer of ") {
			t.Errorf("%q: got %v", text, err)
		}
	}
}

// FuzzOpen: damaged files are an error, not a panic.
func FuzzOpen(f *testing.F) {
	data, err := os.ReadFile(written(f, 3, images(9)...))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	for i := range 40 { // damage of the fuzzer's own kind, so that a plain test has some
		bad := bytes.Clone(data)
		bad[len(bad)*i/40] ^= 0x41
		f.Add(bad)
	}
	f.Add(data[:len(data)/2])
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "a.parquet")
		if err := os.WriteFile(path, data, 0o666); err != nil {
			t.Fatal(err)
		}
		n := 0
		for cell, err := range rows.Pictures(Open, path, "", 2) {
			if n++; err != nil && cell != nil || n > 1<<20 {
				t.Fatal(fmt.Sprint(n, cell, err))
			}
			if n == 1000 {
				break
			}
		}
	})
}
