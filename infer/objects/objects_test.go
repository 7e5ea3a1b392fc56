package objects_test

import (
	"context"
	"errors"
	"io"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/flowerctl/flowerctl/fixtures/bucket"
	"github.com/flowerctl/flowerctl/infer/objects"
)

func TestNamesAreTakenApart(t *testing.T) {
	for name, want := range map[string]objects.Name{
		"s3://b":                        {Scheme: "s3", Bucket: "b"},
		"s3://b/x/y 1%20#?.jpg":         {Scheme: "s3", Bucket: "b", Key: "x/y 1%20#?.jpg"},
		"gs://b/x?region=eu&a_b=c?d":    {Scheme: "gs", Bucket: "b", Key: "x?region=eu&a_b=c?d"},
		"s3://b/x?endpoint=http://h:1/": {Scheme: "s3", Bucket: "b", Key: "x", Parameters: "endpoint=http://h:1/"},
		"azblob://b?protocol=http":      {Scheme: "azblob", Bucket: "b", Parameters: "protocol=http"},
		"s3://b/x?a=b?":                 {Scheme: "s3", Bucket: "b", Key: "x?a=b"},
		"s3://b//x":                     {Scheme: "s3", Bucket: "b", Key: "/x"},
	} {
		got, err := objects.Parse(name)
		if err != nil || got != want {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
		if again, err := objects.Parse(got.String()); err != nil || again != got {
			t.Errorf("%s: as %s got %+v, %v", name, got, again, err)
		}
	}
	for _, name := range []string{"s3://", "s3:///x", "gs://?a=b", "s3://a b/x", "photos/x", "s3:/b/x",
		"s3://b/x?a=%zz"} {
		if got, err := objects.Parse(name); err == nil {
			t.Errorf("%s: got %+v", name, got)
		}
	}
	if objects.Is("s3/b") || objects.Is("http://b/x") || objects.Key("photos/x.jpg?a=b") != "photos/x.jpg?a=b" {
		t.Error("files are objects")
	}
}

// FuzzParse: what is read is written so that it is read the same.
func FuzzParse(f *testing.F) {
	f.Add("s3://b/x?a=b")
	f.Add("gs://b/x??")
	f.Fuzz(func(t *testing.T, name string) {
		n, err := objects.Parse(name)
		if err != nil {
			return
		}
		if again, err := objects.Parse(n.String()); err != nil || again != n {
			t.Fatalf("%q: got %+v, then %+v, %v", name, n, again, err)
		}
	})
}

func TestWithoutStoresNamesAreAnError(t *testing.T) {
	s := objects.New(t.Context(), nil)
	_, err := s.Stat("s3://b/x")
	var absent *objects.AbsentError
	if !errors.As(err, &absent) || s.Close() != nil {
		t.Errorf("got %v", err)
	}
	for _, err := range s.List("s3://b/x") {
		if !errors.As(err, &absent) {
			t.Errorf("got %v", err)
		}
	}
}

func read(o *objects.Object) (string, error) {
	r, err := o.Open()
	if err != nil {
		return "", err
	}
	data, err := io.ReadAll(r)
	return string(data), errors.Join(err, r.Close())
}

func stated(t *testing.T, s *objects.Stores, name string) *objects.Object {
	t.Helper()
	o, err := s.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestCutReadsGoOn(t *testing.T) {
	b := &bucket.Bucket{Objects: map[string]string{"x": strings.Repeat("0123456789", 50), "": "", "e": ""}}
	for cuts, want := range map[int]error{0: nil, 4: nil, 5: io.EOF} {
		b := &bucket.Bucket{Objects: b.Objects, Cut: 30, Cuts: cuts}
		data, err := read(stated(t, b.Stores(t.Context()), "s3://b/x"))
		if want == nil && (err != nil || data != b.Objects["x"] || b.Reads() != cuts+1) {
			t.Errorf("%d cuts: got %d bytes, %v, %d requests", cuts, len(data), err, b.Reads())
		}
		if want != nil && (err == nil || err.Error() != "cut after 150 bytes, 5 times: connection reset") {
			t.Errorf("%d cuts: got %v", cuts, err)
		}
	}
	if data, err := read(stated(t, b.Stores(t.Context()), "s3://b/e")); data != "" || err != nil {
		t.Errorf("an empty object: got %q, %v", data, err)
	}
}

// TestLargeObjectsAreCutOften: what was read between two cuts counts.
func TestLargeObjectsAreCutOften(t *testing.T) {
	b := &bucket.Bucket{Objects: map[string]string{"x": strings.Repeat("x", 28<<20)}, NoETags: true,
		Cut: 4 << 20, Cuts: 6}
	data, err := read(stated(t, b.Stores(t.Context()), "s3://b/x"))
	if err != nil || data != b.Objects["x"] || b.Reads() != 7 {
		t.Errorf("got %d bytes, %v, %d requests", len(data), err, b.Reads())
	}
	b = &bucket.Bucket{Objects: b.Objects, NoETags: true, Cut: 4<<20 - 1, Cuts: 6}
	if _, err := read(stated(t, b.Stores(t.Context()), "s3://b/x")); err == nil {
		t.Error("more cuts than are gone on from")
	}
	b = &bucket.Bucket{Objects: b.Objects, NoETags: true, Cut: 1, Cuts: 4}
	r, err := stated(t, b.Stores(t.Context()), "s3://b/x").Section(27<<20, -1)
	if err != nil {
		t.Fatal(err)
	}
	if data, err := io.ReadAll(r); len(data) != 1<<20 || err != nil {
		t.Errorf("a part: got %d bytes, %v", len(data), err)
	}
}

// TestObjectsThatChangeAreNoticed by their ETag, and by their size where there is none.
func TestObjectsThatChangeAreNoticed(t *testing.T) {
	for _, none := range []bool{false, true} {
		b := &bucket.Bucket{Objects: map[string]string{"x": strings.Repeat("a", 90)}, NoETags: none, Cut: 30,
			Cuts: 1}
		o := stated(t, b.Stores(t.Context()), "s3://b/x")
		r, err := o.Open()
		if err != nil {
			t.Fatal(err)
		}
		b.Objects["x"] = strings.Repeat("b", 91)
		if data, err := io.ReadAll(r); !errors.Is(err, objects.ErrChanged) || strings.Contains(string(data), "b") {
			t.Errorf("got %s, %v", data, err)
		}
		if _, err := o.Open(); !errors.Is(err, objects.ErrChanged) {
			t.Errorf("got %v", err)
		}
	}
}

// TestStoresThatCompareNoETags: the answer's own counts.
func TestStoresThatCompareNoETags(t *testing.T) {
	b := &bucket.Bucket{Objects: map[string]string{"x": "aaaa"}, Blind: true, Cut: 2, Cuts: 2}
	o := stated(t, b.Stores(t.Context()), "s3://b/x")
	r, err := o.Open()
	if err != nil {
		t.Fatal(err)
	}
	b.Objects["x"] = "bbbb"
	if data, err := io.ReadAll(r); !errors.Is(err, objects.ErrChanged) || string(data) != "aa" {
		t.Errorf("cut: got %s, %v", data, err)
	}
	if _, err := o.Open(); !errors.Is(err, objects.ErrChanged) {
		t.Errorf("got %v", err)
	}
}

// TestObjectsNobodyAskedAboutAreNotMixed: what the first answer is of counts.
func TestObjectsNobodyAskedAboutAreNotMixed(t *testing.T) {
	for _, blind := range []bool{true, false} {
		b := &bucket.Bucket{Objects: map[string]string{"x": "aaaa"}, Blind: blind, Cut: 2, Cuts: 1}
		o, err := b.Stores(t.Context()).Object("s3://b/x", "")
		if err != nil {
			t.Fatal(err)
		}
		r, err := o.Open()
		if err != nil {
			t.Fatal(err)
		}
		b.Objects["x"] = "bbbb"
		if data, err := io.ReadAll(r); !errors.Is(err, objects.ErrChanged) || string(data) != "aa" {
			t.Errorf("got %s, %v", data, err)
		}
	}
}

// closing counts what is done with a bucket.
type closing struct {
	*bucket.Bucket
	opened, closed int
}

func (c *closing) Close() error {
	c.closed++
	return c.Bucket.Close()
}

// TestABucketIsOpenedOnce for all of its objects, and closed.
func TestABucketIsOpenedOnce(t *testing.T) {
	c := &closing{Bucket: &bucket.Bucket{Objects: map[string]string{"x": "x", "y": "y"}}}
	s := objects.New(t.Context(), func(context.Context, string) (objects.Bucket, error) {
		c.opened++
		return c, nil
	})
	for _, name := range []string{"s3://b/x", "s3://b/y", "s3://b/x", "s3://b/x?region=eu"} {
		stated(t, s, name)
	}
	if err := s.Close(); err != nil || c.opened != 2 || c.closed != 2 { // once with parameters
		t.Errorf("got %d opened, %d closed, %v", c.opened, c.closed, err)
	}
}

// TestPartsThatAreNotThere: of an object whose size nobody asked for.
func TestPartsThatAreNotThere(t *testing.T) {
	b := &bucket.Bucket{Objects: map[string]string{"x": "0123456789"}}
	o, err := b.Stores(t.Context()).Object("s3://b/x", "")
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range [][2]int64{{5, 6}, {11, -1}, {11, 0}} {
		if _, err := o.Section(part[0], part[1]); !errors.Is(err, objects.ErrChanged) {
			t.Errorf("%v: got %v", part, err)
		}
	}
	if r, err := o.Section(5, 5); err != nil {
		t.Error(err)
	} else if data, err := io.ReadAll(r); err != nil || string(data) != "56789" {
		t.Errorf("got %s, %v", data, err)
	}
}

// ending is a bucket whose listings end without a word where they are cancelled.
type ending struct{ *bucket.Bucket }

func (ending) List(ctx context.Context, _ string) iter.Seq2[objects.Info, error] {
	return func(func(objects.Info, error) bool) { <-ctx.Done() }
}

func TestSilenceEnds(t *testing.T) {
	b := &bucket.Bucket{Objects: map[string]string{"x": "x"}, Silent: true}
	s := b.Stores(t.Context())
	s.Stall = time.Millisecond
	if _, err := s.Stat("s3://b/x"); err == nil || !strings.Contains(err.Error(), "5 times no answer for 1ms") {
		t.Errorf("got %v", err)
	}
	mute := objects.New(t.Context(), func(context.Context, string) (objects.Bucket, error) {
		return ending{b}, nil
	})
	mute.Stall = time.Millisecond
	for _, s := range []*objects.Stores{s, mute} {
		var all []error
		for _, err := range s.List("s3://b/x") {
			all = append(all, err)
		}
		if len(all) != 1 || all[0] == nil || all[0].Error() != "s3://b/x: no answer for 1ms" {
			t.Errorf("a listing: got %v", all)
		}
	}
	if _, err := s.Folders("s3://b/"); err == nil || err.Error() != "s3://b/: no answer for 1ms" {
		t.Errorf("folders: got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.Stores(ctx).Stat("s3://b/x"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	o, err := b.Stores(ctx).Object("s3://b/x", "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.Open(); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
