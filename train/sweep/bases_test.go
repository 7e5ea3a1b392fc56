package sweep

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/flowerctl/flowerctl/train/data"
	"github.com/flowerctl/flowerctl/train/pixels"
	"github.com/flowerctl/flowerctl/train/run"
)

// Pixels on disk are in use by the trials that are on them, and by no later ones: else they
// could not make room for those.
func TestImagesOfEarlierTrialsAreNotInUse(t *testing.T) {
	photos := filepath.Join(t.TempDir(), "photos")
	for class := range 2 {
		for i := range 3 {
			paint(t, filepath.Join(photos, fmt.Sprint(class), fmt.Sprint(i, ".png")), uint64(10*class+i))
		}
	}
	disk := pixels.Cache{Dir: filepath.Join(t.TempDir(), "pixels"), Limit: 1 << 30}
	o := &Options{Pixels: data.OnDisk, Disk: disk}
	var im images
	for _, size := range []int{32, 48, 64} {
		s := run.Defaults()
		s.Arch, s.Data, s.Size = "tiny", photos, size
		if _, err := im.read(t.Context(), &s, o); err != nil {
			t.Fatal(err)
		}
	}
	files, _ := disk.Folder().Files()
	if p := disk.Folder().Prune(time.Now().Add(time.Hour), 0); len(files) != 3 || p.Files != 2 || p.InUse != 1 {
		t.Errorf("of %d files %+v, want that one is in use", len(files), p)
	}
	if err := im.close(); err != nil {
		t.Fatal(err)
	}
	if p := disk.Folder().Prune(time.Now().Add(time.Hour), 0); p.Files != 1 {
		t.Errorf("after the last trial: %+v", p)
	}
}
