// Package fetch downloads a set of photographs: an archive with a folder for each
// class, which is checked by its hash and unpacked into a folder that it cannot
// leave.
// Start at [Fetch] and [FlowerPhotos].
package fetch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/flowerctl/flowerctl/train/data/atomicdir"
)

// Source is an archive of photographs: a gzipped tar of one folder that has a folder
// for each class.
type Source struct {
	URL    string
	SHA256 string // of the archive, lower-case hex
	Size   int64  // of the archive, bytes; 0 if it is not known
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
	// Progress is told the bytes that are done and the total, or 0; may be nil.
	Progress func(done, total int64)
}

// Fetch downloads the archive, compares its hash and unpacks it as Dir. Dir appears
// only when it is complete. A call that is interrupted leaves Dir.download, from which
// the next one continues; other failures leave nothing. If Dir is there and not
// empty, the error is [atomicdir.ErrThere], unless Force is set.
func Fetch(ctx context.Context, src Source, opts Options) error {
	dir := filepath.Clean(opts.Dir)
	if err := atomicdir.Check(dir, opts.Force); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	archive := dir + ".download"
	resumed, err := fill(ctx, src, archive, opts.Progress)
	if err == nil {
		err = checkHash(archive, src)
	}
	if errors.Is(err, errHash) && resumed { // the server's file may have changed
		if err = os.RemoveAll(archive); err == nil {
			if _, err = fill(ctx, src, archive, opts.Progress); err == nil {
				err = checkHash(archive, src)
			}
		}
	}
	if err != nil {
		if errors.Is(err, errHash) {
			err = errors.Join(err, os.RemoveAll(archive))
		}
		return err
	}
	err = atomicdir.Write(dir, opts.Force, func(tmp string) error { return unpack(ctx, archive, tmp) })
	if err != nil && !errors.Is(err, errArchive) {
		return err // a full disk, or cancelled: the download is still good
	}
	return errors.Join(err, os.RemoveAll(archive))
}

// errHash means that the archive does not have the expected bytes.
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
