// Package fetch downloads a set of photographs: an archive with a folder per
// class, checked by its hash and unpacked where it cannot leave its folder.
// It imports nothing of ours. Start at [Fetch] and [FlowerPhotos].
package fetch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Source is an archive of photographs: a gzipped tar with one folder that has a
// folder per class.
type Source struct {
	URL    string
	SHA256 string // of the archive, lower-case hex
	Size   int64  // of the archive, bytes; 0 when unknown
}

// FlowerPhotos is the set that TensorFlow's tutorials use: 3,670 photographs of
// daisies, dandelions, roses, sunflowers and tulips, under Creative Commons
// licences that its LICENSE.txt lists.
var FlowerPhotos = Source{
	URL:    "http://download.tensorflow.org/example_images/flower_photos.tgz",
	SHA256: "4c54ace7911aaffe13a365c34f650e71dd5bf1be0a58b464e5a7183e3e595d9c",
	Size:   228813984,
}

// Options says where a set goes. Only Dir is needed.
type Options struct {
	Dir   string // becomes the folder of class folders
	Force bool   // replace a folder that is there
	// Progress is told of bytes that are there, of total or 0; may be nil.
	Progress func(done, total int64)
}

// Fetch downloads the archive, compares its hash and unpacks it as Dir. Dir
// appears only when it is complete. A call that is interrupted leaves
// Dir.download, from which the next goes on; other failures leave nothing.
// It is an error when Dir is there and not empty, unless Force is set.
func Fetch(ctx context.Context, src Source, opts Options) error {
	dir := filepath.Clean(opts.Dir)
	if err := checkFree(dir, opts.Force); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	archive := dir + ".download"
	resumed, err := download(ctx, src, archive, opts.Progress)
	if err == nil {
		err = checkHash(archive, src)
	}
	if errors.Is(err, errHash) && resumed { // the server's file may be another by now
		if err = os.Remove(archive); err == nil {
			if _, err = download(ctx, src, archive, opts.Progress); err == nil {
				err = checkHash(archive, src)
			}
		}
	}
	if err != nil {
		if errors.Is(err, errHash) {
			err = errors.Join(err, os.Remove(archive))
		}
		return err
	}
	err = install(ctx, archive, dir, opts.Force)
	if err != nil && !errors.Is(err, errArchive) {
		return err // a full disk, or cancelled: the download is still good
	}
	return errors.Join(err, os.Remove(archive))
}

// install unpacks the archive beside dir and puts it in dir's place.
func install(ctx context.Context, archive, dir string, force bool) (err error) {
	tmp, err := os.MkdirTemp(filepath.Dir(dir), "."+filepath.Base(dir)+"-*")
	if err != nil {
		return err
	}
	defer func() {
		if rerr := os.RemoveAll(tmp); rerr != nil {
			err = errors.Join(err, rerr)
		}
	}()
	fresh := filepath.Join(tmp, "new")
	if err := os.Mkdir(fresh, 0o755); err != nil {
		return err
	}
	if err := unpack(ctx, archive, fresh); err != nil {
		return err
	}
	if force { // what is there goes only when the new is complete
		err := os.Rename(dir, filepath.Join(tmp, "old"))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	} else if err := os.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) { // it is empty
		return err
	}
	return os.Rename(fresh, dir)
}

// checkFree wants nothing in dir's place, or an empty folder.
func checkFree(dir string, force bool) error {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case len(entries) > 0 && !force:
		return fmt.Errorf("%s: %w", dir, ErrThere)
	}
	return nil
}

// ErrThere means that the folder to make is there already.
var ErrThere = errors.New("the folder is there and not empty")

// errHash means that the archive has other bytes than it must have.
var errHash = errors.New("not the archive that was expected")

func checkHash(archive string, src Source) error {
	f, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return err
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != src.SHA256 {
		return fmt.Errorf("%s: %w: SHA-256 %s, want %s", src.URL, errHash, got, src.SHA256)
	}
	return nil
}
