package run

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A run leaves out what its list names, says so, and goes on without it when the list is
// gone.
func TestExcludedImagesAreInNoPart(t *testing.T) {
	photos := t.TempDir()
	speckled(t, filepath.Join(photos, "b"), 6)
	speckled(t, filepath.Join(photos, "aa"), 7)
	list := filepath.Join(t.TempDir(), "fix.csv")
	text := "path,reason\naa/0.png,blurred\nb/3.png,\nb/gone.png,\n"
	if err := os.WriteFile(list, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	s := Defaults()
	s.Arch, s.Size, s.Data, s.Epochs, s.Batch, s.Patience = "tiny", 32, photos, 1, 4, 0
	s.Exclude = list
	f := Folder{filepath.Join(t.TempDir(), "run")}
	want := "2 images left out by " + list + "; 1 that it names are not in " + photos + ": b/gone.png"
	if got := described(t, s, Options{Dir: f.Dir}); !strings.Contains(got, want) {
		t.Errorf("a new run says %s, want %s", got, want)
	}
	split, err := f.Split()
	if err != nil {
		t.Fatal(err)
	}
	for _, it := range split.Items {
		if it.Path == "aa/0.png" || it.Path == "b/3.png" {
			t.Errorf("%s is in the split", it.Path)
		}
	}
	settings, err := f.Settings()
	if err != nil || settings.Exclude != list || len(split.Items) != 11 {
		t.Errorf("got the setting %q, %d images, %v", settings.Exclude, len(split.Items), err)
	}
	resumed := func() string {
		t.Helper()
		r, err := f.Resume()
		if err != nil {
			t.Fatal(err)
		}
		return described(t, settings, Options{Dir: f.Dir, Resume: r})
	}
	if got := resumed(); strings.Contains(got, "not in this run") {
		t.Errorf("a run that goes on says %s", got)
	}
	if err := os.Remove(list); err != nil {
		t.Fatal(err)
	}
	if got := resumed(); !strings.Contains(got, "2 images of "+photos+" are not in this run") {
		t.Errorf("a run that goes on without its list says %s", got)
	}
	var setting *SettingError
	if _, err := Open(context.Background(), s, Options{}); !errors.As(err, &setting) ||
		setting.Fields[0] != "exclude" {
		t.Errorf("a list that is not there: got %v", err)
	}
	s.Data = ""
	if _, err := s.Resolve(); !errors.As(err, &setting) {
		t.Errorf("drawn flowers: got %v", err)
	}
}
