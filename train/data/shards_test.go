package data

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// file is one of an archive.
type file struct{ name, text string }

// shard writes a tar, or a zip if its name says so. "#12" is the picture 12.
func shard(t testing.TB, path string, files ...file) {
	t.Helper()
	var b bytes.Buffer
	tarred, zipped := tar.NewWriter(&b), zip.NewWriter(&b)
	for _, f := range files {
		text := []byte(f.text)
		if n := 0; strings.HasPrefix(f.text, "#") {
			fmt.Sscan(f.text[1:], &n)
			text = pngOf(t, n)
		}
		var w io.Writer = tarred
		var err error
		if strings.HasSuffix(path, ".zip") {
			w, err = zipped.Create(f.name)
		} else {
			err = tarred.WriteHeader(&tar.Header{Name: f.name, Size: int64(len(text)), Mode: 0o644})
		}
		if err == nil {
			_, err = w.Write(text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	end := tarred.Close
	if strings.HasSuffix(path, ".zip") {
		end = zipped.Close
	}
	if err := end(); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
}

// sharded is a folder of classes in one archive, each picture with a .cls.
func sharded(t testing.TB, dir, ending string) string {
	t.Helper()
	var files []file
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := os.ReadFile(filepath.Join(dir, name))
		key, _ := splitKey(name)
		files = append(files, file{name, string(text)}, file{key + ".cls", filepath.Dir(name) + "\n"})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "set"+ending)
	shard(t, path, files...)
	return path
}

// TestShardsAreTheFolderTheyWereMadeOf: the same pictures in the same order, in memory and
// on disk, and after the split was read again.
func TestShardsAreTheFolderTheyWereMadeOf(t *testing.T) {
	dir := photographs(t)
	cache, said := diskCache(t)
	want := loadSet(t, dir, LoadOptions{})
	for _, ending := range []string{".tar", ".zip"} {
		path := sharded(t, dir, ending)
		for _, opts := range []LoadOptions{{}, {Pixels: OnDisk, Disk: cache}} {
			got := loadSet(t, path, opts)
			for i := range got.Set.Items {
				got.Set.Items[i].Path = strings.TrimPrefix(got.Set.Items[i].Path, "set"+ending+"/")
			}
			for i := range got.Set.Problems {
				got.Set.Problems[i].Path = strings.TrimPrefix(got.Set.Problems[i].Path, "set"+ending+"/")
			}
			same(t, got, want)
		}
		plain := loadSet(t, path, LoadOptions{})
		same(t, loadSet(t, path, LoadOptions{Pixels: OnDisk}), plain) // decoded each time
		if err := plain.Set.Split(SplitOptions{Seed: 1}); err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := plain.Set.WriteSplit(&b); err != nil {
			t.Fatal(err)
		}
		split, err := ReadSplit(&b)
		if err == nil {
			err = split.In(t.Context(), path)
		}
		if err != nil {
			t.Fatal(err)
		}
		again, err := Load(t.Context(), split, config, LoadOptions{})
		if err != nil || !bytes.Equal(again.pix, plain.pix) {
			t.Errorf("%s: the split that was read again: %v", ending, err)
		}
		text, err := io.ReadAll(plain.Set.Reader("set" + ending + "/a/00.png"))
		if err != nil || !bytes.Equal(text, pngOf(t, 0)) {
			t.Errorf("%s: read %d bytes, %v", ending, len(text), err)
		}
	}
	if len(*said) > 0 || len(packs(t, cache)) != 1 {
		t.Errorf("said %q, files %v", *said, packs(t, cache))
	}
}

func pathsOf(s *Set) (paths []string) {
	for i, it := range s.Items {
		paths = append(paths, fmt.Sprintf("%s=%s%s", it.Path, s.Named(&s.Items[i]), it.Part))
	}
	return paths
}

func TestLabelsOfShards(t *testing.T) {
	dir := t.TempDir()
	shard(t, filepath.Join(dir, "1.tar"), file{"x/1.jpg", "#1"}, file{"x/1.json", `{"label": 2, "caption": "a"}`},
		file{"2.PNG", "#2"}, file{"2.cls", "0\n"}, file{"2.txt", "a caption"}, file{"2.seg.png", "#9"})
	shard(t, filepath.Join(dir, "2.zip"), file{"3.jpg", "#3"}, file{"3.json", `{"labels": ["2"]}`},
		file{"4.jpg", "#4"}, file{"4.cls", "0"}, file{"4.json", `{}`})
	set := scan(t, dir)
	wantEqual(t, "numbers", pathsOf(set), []string{"1.tar/2.PNG=0", "1.tar/x/1.jpg=2", "2.zip/3.jpg=2", "2.zip/4.jpg=0"})
	if notes := fmt.Sprint(set.Notes); !strings.Contains(notes, "classes are numbers") ||
		!strings.Contains(notes, "from .cls where there is .json too, as for 2.zip/4") {
		t.Errorf("notes %s", notes)
	}
	names := filepath.Join(dir, "classnames.txt")
	if err := os.WriteFile(names, []byte("rose\r\ntulip\r\ndaisy\r\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	set = scan(t, filepath.Join(dir, "*.*[rp]"))
	wantEqual(t, "names", pathsOf(set), []string{"1.tar/2.PNG=rose", "1.tar/x/1.jpg=daisy", "2.zip/3.jpg=daisy", "2.zip/4.jpg=rose"})
	if err := os.WriteFile(names, []byte("rose\ntulip\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	_, err := Scan(t.Context(), dir, ScanOptions{})
	wantError(t, err, "1.tar/x/1.jpg is of class 2, and classnames.txt names 2 classes, from 0")

	several := filepath.Join(t.TempDir(), "s.tar")
	shard(t, several, file{"1.jpg", "#1"}, file{"1.json", `{"labels": ["b", "a"], "split": "train"}`},
		file{"2.jpg", "#2"}, file{"2.json", `{"labels": [], "split": "val"}`})
	set = scan(t, several)
	wantEqual(t, "several", pathsOf(set), []string{"s.tar/1.jpg=a|btrain", "s.tar/2.jpg=val"})
	if !set.Multi {
		t.Error("not of several labels")
	}
}

func TestNamesOfShardsSayParts(t *testing.T) {
	of := func(names ...string) (*Set, error) {
		dir := t.TempDir()
		for i, name := range names {
			shard(t, filepath.Join(dir, name), file{"1.jpg", fmt.Sprintf("#%d", i)}, file{"1.cls", "a"},
				file{"2.jpg", fmt.Sprintf("#%d", 100+i)}, file{"2.cls", "b"})
		}
		return Scan(t.Context(), dir, ScanOptions{})
	}
	for _, names := range [][]string{{"x-train-001.tar", "x-val-001.tar"}, {"train/1.tar", "validation/1.tar"}} {
		set, err := of(names...)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(len(set.Indices(Train)), len(set.Indices(Val)), set.Notes); got !=
			"2 2 [the names of the shards say the parts]" {
			t.Errorf("%v: %s", names, got)
		}
	}
	for _, names := range [][]string{{"x-train-001.tar", "x-train-002.tar"}, {"test.tar"}, {"1.tar", "2.tar"}} {
		if set, err := of(names...); err != nil || len(set.Indices("")) != 2*len(names) {
			t.Errorf("%v: %v", names, err)
		}
	}
	_, err := of("train.tar", "val.tar", "more.tar")
	wantError(t, err, "more.tar has no part in its name")
	_, err = of("test.tar", "val.tar")
	wantError(t, err, "none train")
}

// TestHostileShards: each thing that is wrong is named once, and the rest is read.
func TestHostileShards(t *testing.T) {
	dir := t.TempDir()
	shard(t, filepath.Join(dir, "1.tar"), file{"1.jpg", "#1"}, file{"1.cls", "a"}, file{"1.jpg", "#7"},
		file{"2.jpg", "#2"}, file{"2.cls", "b"}, file{"2.png", "#8"}, file{"3.jpg", "#3"},
		file{"../4.jpg", "#4"}, file{"5.jpg", "no picture"}, file{"5.cls", "a"},
		file{"6.jpg", "#6"}, file{"6.cls", "a\nb"}, file{"7.jpg", "#7"}, file{"7.json", "{"},
		file{"8.jpg", "#8"}, file{"8.json", `{"caption": "x"}`}, file{".9.jpg", "#9"},
		file{"10.jpg", "#10"}, file{"10.cls", "\x1b[31m"}, file{"11.jpg", "#11"},
		file{"11.json", `{"label": "a", "split": "some"}`})
	cut := filepath.Join(dir, "2.tar")
	shard(t, cut, file{"1.jpg", "#21"}, file{"1.cls", "a"}, file{"2.jpg", "#22"}, file{"2.cls", "b"})
	if err := os.Truncate(cut, 5*512+50); err != nil {
		t.Fatal(err)
	}
	set := scan(t, dir)
	wantEqual(t, "pictures", pathsOf(set), []string{"1.tar/1.jpg=a", "1.tar/2.jpg=b", "2.tar/1.jpg=a"})
	var said []string
	for _, p := range set.Problems {
		said = append(said, p.String())
	}
	for _, want := range []string{
		"1.tar/1.jpg: a second file of this name in the shard, left out",
		"1.tar/2.png: a second picture of its key, beside 2.jpg: left out",
		"1.tar/3.jpg: no label: neither 3.cls nor 3.json is there: left out",
		"1.tar/../4.jpg: a name that leaves the archive, left out",
		"1.tar/5.jpg: not an image, whatever its name says",
		"1.tar/6.jpg: 6.cls is not one class: left out",
		"1.tar/7.jpg: 7.json: no JSON object: left out",
		"1.tar/8.jpg: 8.json: no key is called label or labels: left out",
		"1.tar/.9.jpg: hidden, left out",
		`1.tar/10.jpg: label "\x1b[31m" has the control character U+001B in its name`,
		`1.tar/11.jpg: 11.json: its split is "some", want train, val or test: left out`,
		"2.tar: cut short after",
	} {
		n := 0
		for _, line := range said {
			if strings.HasPrefix(line, want) {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%q is said %d times in\n%s", want, n, strings.Join(said, "\n"))
		}
	}
	_, err := Scan(t.Context(), dir, ScanOptions{Strict: true})
	wantError(t, err, "1.tar/2.png: a second picture of its key")

	_, err = Scan(t.Context(), filepath.Join(dir, "*.zip"), ScanOptions{})
	wantError(t, err, "*.zip: no file has such a name")
	plain := filepath.Join(t.TempDir(), "plain.tar")
	shard(t, plain, file{"rose/1.jpg", "#1"})
	_, err = Scan(t.Context(), plain, ScanOptions{})
	wantError(t, err, `no picture with a label in 1 shard (plain.tar/rose/1.jpg: no label`)
	var bad *ShardError
	if !errors.As(err, &bad) || !strings.Contains(bad.Hint(), "unzip FILE -d DIR") {
		t.Errorf("an archive of folders: got %v", err)
	}
	shard(t, plain, file{"__MACOSX/._1.jpg", "x"}, file{"1.jpg", "#1"})
	_, err = Scan(t.Context(), plain, ScanOptions{})
	wantError(t, err, `(plain.tar/1.jpg: no label`)
	if !errors.As(err, &bad) || !strings.Contains(bad.Hint(), "KEY.cls") {
		t.Errorf("an archive without labels: got %v", err)
	}
	packed := plain + ".gz"
	if err := os.WriteFile(packed, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	_, err = Scan(t.Context(), packed, ScanOptions{})
	wantError(t, err, "a compressed tar")
}

// TestAFolderOfClassesIsNoFolderOfShards, whatever lies in it.
func TestAFolderOfClassesIsNoFolderOfShards(t *testing.T) {
	dir := folder(t, map[string]string{"a/1.png": "#1", "b/2.png": "#2", "extra.tar": "x", "a/old.zip": "x"})
	set := scan(t, dir)
	if set.Archived() || len(set.Items) != 2 || !slices.Contains(problems(set), "stray:extra.tar") {
		t.Errorf("%v, %v", pathsOf(set), problems(set))
	}
}
