package serve

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"
)

// watched watches until a change is seen. It is made again and again, numbered from 2 on: the
// watch may begin late.
func watched(t *testing.T, l *Loader, change func(n int), seen func() bool) {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- l.Watch(t.Context()) }()
	t.Cleanup(func() {
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	deadline := time.Now().Add(5 * time.Minute)
	for n := 2; !seen(); n++ {
		if time.Now().After(deadline) {
			t.Fatal("no change is seen")
		}
		change(n)
		time.Sleep(2 * settling)
	}
}

func TestWatchSeesNewVersions(t *testing.T) {
	root := t.TempDir()
	put(t, filepath.Join(root, "m", "1", "model.onnx"), "one")
	s, l := loading(t, Files{Repository: root, Open: new(opener).open})
	watched(t, l, func(n int) {
		put(t, filepath.Join(root, "m", fmt.Sprint(n), "model.onnx"), "next")
	}, func() bool { return fmt.Sprint(s.models.numbersOf("m")) != "[1]" })
	want(t, firstLabel(t, s, ""), "next")
}

// TestWatchSeesARepositoryReplaced: a repository may be a link to the newest of several
// folders.
func TestWatchSeesARepositoryReplaced(t *testing.T) {
	dir := t.TempDir()
	root := filepath.Join(dir, "current")
	point := func(release, what string) {
		put(t, filepath.Join(dir, release, "m", "1", "model.onnx"), what)
		if err := os.Symlink(release, root+".new"); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(root+".new", root); err != nil {
			t.Fatal(err)
		}
	}
	point("r1", "one")
	s, l := loading(t, Files{Repository: root, Open: new(opener).open})
	if !l.isNeighbour(filepath.Join(dir, "other")) || l.isNeighbour(root) ||
		l.isNeighbour(filepath.Join(root, "m")) {
		t.Fatal("what is beside the repository is not told from it")
	}
	watched(t, l, func(n int) { point(fmt.Sprint("r", n), "next") },
		func() bool { return firstLabel(t, s, "") == "next" })
}

func TestNeighboursCountWhereOtherFilesAre(t *testing.T) {
	dir := t.TempDir()
	root, other := filepath.Join(dir, "models"), filepath.Join(dir, "other")
	for key, want := range map[string]bool{
		filepath.Join(dir, "key.pem"):         false,
		filepath.Join(dir, "keys", "key.pem"): true,
	} {
		l := &Loader{files: Files{Repository: root, Also: []string{key}}}
		if got := l.isNeighbour(other); got != want || l.isNeighbour(key) {
			t.Errorf("with %s, a file beside the repository is left alone: %t, want %t", key, got, want)
		}
	}
	if new(Loader).isNeighbour(filepath.Join("..", "other")) {
		t.Error("without a repository, a file is beside it")
	}
}

func TestFilesWithNamesAreWatched(t *testing.T) {
	dir := t.TempDir()
	path, key := filepath.Join(dir, "m.onnx"), filepath.Join(t.TempDir(), "key.pem")
	put(t, path, "one")
	_, l := loading(t, Files{Models: []string{"rose=" + path}, Also: []string{key},
		Open: new(opener).open})
	w, err := fsnotify.NewWatcher()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	l.watchFolders(w)
	for _, folder := range []string{dir, filepath.Dir(key)} {
		if !slices.Contains(w.WatchList(), folder) {
			t.Errorf("%s is not watched: %v", folder, w.WatchList())
		}
	}
}
