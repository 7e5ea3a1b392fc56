package pictures

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/fixtures/bucket"
	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/imageprep"
)

// text is what a picture has, or its error without the name.
func text(t *testing.T, p infer.Picture) string {
	t.Helper()
	switch {
	case p.Err != nil:
		return strings.TrimPrefix(p.Err.Error(), p.Name+": ")
	case p.From == nil:
		return string(p.Data)
	}
	r, err := p.From.Open()
	if err != nil {
		return err.Error()
	}
	data, err := io.ReadAll(r)
	return fmt.Sprintf("%s%v", data, errors.Join(err, r.Close()))
}

func listed(t *testing.T, b *bucket.Bucket, names ...string) string {
	t.Helper()
	var got []string
	for p := range List(Arguments{Names: names, Archives: true, Objects: b.Stores(t.Context())}) {
		got = append(got, fmt.Sprintf("%s %d %s", strings.TrimPrefix(p.Name, "s3://b/"), p.Tag, text(t, p)))
	}
	return strings.Join(got, "|")
}

func TestObjectsAreNamedLikeFiles(t *testing.T) {
	b := &bucket.Bucket{Objects: map[string]string{"a.jpg": "a", "d": "d", "d/1.jpg": "1", "d/.h/2.jpg": "h",
		"d/x/": "", "d/x/3.txt": "3", "d/.4.jpg": "4", "d-/5.jpg": "5", "e.jpg/6.jpg": "6"}}
	for name, want := range map[string]string{
		"s3://b/a.jpg":      "a.jpg 0 a<nil>",
		"s3://b/a.jpg?r=1":  "a.jpg?r=1 0 a<nil>",
		"s3://b/d":          "d 0 d<nil>",
		"s3://b/d/":         "d/1.jpg 1 1<nil>|d/x/3.txt 1 3<nil>",
		"s3://b/e.jpg":      "e.jpg/6.jpg 1 6<nil>",
		"s3://b/*.jpg":      "a.jpg 0 a<nil>|e.jpg/6.jpg 1 6<nil>",
		"s3://b/d*/?.jpg":   "d-/5.jpg 0 5<nil>|d/1.jpg 0 1<nil>",
		"s3://b/d/x*":       "d/x/3.txt 1 3<nil>",
		"s3://b/[de]/1.jpg": "d/1.jpg 0 1<nil>",
		"s3://b":            "a.jpg 1 a<nil>|d 1 d<nil>|d-/5.jpg 1 5<nil>|d/1.jpg 1 1<nil>|d/x/3.txt 1 3<nil>|e.jpg/6.jpg 1 6<nil>",
		"s3://b/n":          "n 0 no such object, and none below it",
		"s3://b/n*":         "n* 0 no object has such a name",
		"s3://b/[":          "[ 0 syntax error in pattern",
		"gs://":             "gs:// 0 got no bucket, want gs://BUCKET/KEY",
	} {
		if got := listed(t, b, name); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
	b.Denied = fs.ErrPermission
	for _, name := range []string{"s3://b/a.jpg", "s3://b/"} {
		if got := listed(t, b, name); !strings.HasSuffix(got, " 0 permission denied") {
			t.Errorf("got %s", got)
		}
	}
	for p := range List(Arguments{Names: []string{"s3://b/a.jpg"}}) {
		if p.Err == nil || !strings.Contains(p.Err.Error(), "reads no object stores") {
			t.Errorf("got %v", p.Err)
		}
	}
	lines := Arguments{Names: []string{"-"}, List: true, Stdin: strings.NewReader("s3://b/a.jpg\nb.jpg\ns3://\n"),
		Objects: (&bucket.Bucket{Objects: b.Objects}).Stores(t.Context())}
	all := slices.Collect(List(lines))
	if len(all) != 3 || text(t, all[0]) != "a<nil>" || all[1].From != nil || all[2].Err == nil {
		t.Errorf("a list of names: got %v", all)
	}
	for name, want := range map[string]bool{"s3://b/a.jpg": false, "s3://b/*.jpg": true, "s3://b/a": true} {
		if got := (Arguments{Names: []string{name}}).Many(); got != want {
			t.Errorf("%s: got many: %v", name, got)
		}
	}
}

// TestClaimsOfStoresAreNotBelieved: what is too large for a file is for an object, and
// nothing is allocated for what a store says.
func TestClaimsOfStoresAreNotBelieved(t *testing.T) {
	head := "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x08\x00\x00\x00\x08\x08\x02\x00\x00\x00"
	b := &bucket.Bucket{Objects: map[string]string{"a.png": head + strings.Repeat("x", 1<<17), "b.png": head,
		"c.zip": "PK\x05\x06", "d.tar": "x"}}
	for _, claims := range []int64{1 << 60, -1, math.MaxInt64, math.MinInt64} {
		b.Claims = claims
		for _, name := range []string{"a.png", "b.png", "c.zip", "d.tar"} {
			a := Arguments{Names: []string{"s3://b/" + name}, Archives: true, Objects: b.Stores(t.Context())}
			if data, err := a.Read(1); err == nil && len(data) > 0 {
				t.Errorf("%s of %d bytes: got %d pictures", name, claims, len(data))
			} else if name == "a.png" && claims > 0 && !errors.Is(err, imageprep.ErrTooLarge) {
				t.Errorf("%s of %d bytes: got %v", name, claims, err)
			}
		}
	}
}

// TestArchivesInStoresAreStreamed: a tar is one request, however many pictures it has, and
// again one after a cut or for what is large.
func TestArchivesInStoresAreStreamed(t *testing.T) {
	large := strings.Repeat("x", small+1)
	var tarred, zipped bytes.Buffer
	tw, zw := tar.NewWriter(&tarred), zip.NewWriter(&zipped)
	for _, f := range []struct{ name, text string }{{"1.jpg", "1"}, {"1.cls", "0"}, {"b/2.jpg", "2"},
		{"large.jpg", large}, {"3.jpg", "3"}, {"empty.jpg", ""}} {
		w, err := zw.Create(f.name)
		if err == nil {
			_, err = io.WriteString(w, f.text)
		}
		if err == nil {
			err = tw.WriteHeader(&tar.Header{Name: f.name, Size: int64(len(f.text)), Mode: 0o644})
		}
		if err == nil {
			_, err = io.WriteString(tw, f.text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(tw.Close(), zw.Close()); err != nil {
		t.Fatal(err)
	}
	b := &bucket.Bucket{Objects: map[string]string{"s/a.tar": tarred.String(), "s/a.zip": zipped.String(),
		"cut.tar": tarred.String()[:1500], "cut.zip": zipped.String()[:200]}}
	want := func(archive string) string {
		return strings.ReplaceAll("ARCHIVE/1.jpg 0 1<nil>|ARCHIVE/b/2.jpg 0 2<nil>|ARCHIVE/large.jpg 0 "+large+
			"<nil>|ARCHIVE/3.jpg 0 3<nil>|ARCHIVE/empty.jpg 0 <nil>", "ARCHIVE", archive)
	}
	plain := strings.NewReplacer("<nil>", "")
	for name, requests := range map[string]int{"s/a.tar": 2, // all of it, and what is large
		"s/a.zip": 11} { // the directory, and two a picture
		before := b.Reads()
		if got := listed(t, b, "s3://b/"+name); plain.Replace(got) != plain.Replace(want(name)) {
			t.Errorf("%s: got %.400s", name, got)
		}
		if got := b.Reads() - before; got != requests {
			t.Errorf("%s: got %d requests, want %d", name, got, requests)
		}
	}
	b.Cut, b.Cuts = 1000, b.Reads()+2
	if got := listed(t, b, "s3://b/s/*.tar"); plain.Replace(got) != plain.Replace(want("s/a.tar")) {
		t.Errorf("after cuts: got %.400s", got)
	}
	for name, want := range map[string]string{"cut.tar": "cut short after 1 entry", "cut.zip": "not a zip"} {
		if got := listed(t, b, "s3://b/"+name); !strings.Contains(got, want) {
			t.Errorf("%s: got %.400s, want %s", name, got, want)
		}
	}
}
