// Package fetch downloads a set of photographs: an archive with a folder per
// class, checked by its hash and unpacked where it cannot leave its folder.
// It never imports gorgonia or onnxruntime. Start at [Fetch] and [FlowerPhotos].
package fetch

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/flowerctl/flowerctl/infer/download"
	"github.com/flowerctl/flowerctl/train/atomicfile"
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
// When Dir is there and not empty it is [atomicfile.ErrThere], unless Force is set.
func Fetch(ctx context.Context, src Source, opts Options) error {
	dir := filepath.Clean(opts.Dir)
	if err := atomicfile.CheckDir(dir, opts.Force); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	archive := dir + ".download"
	err := download.File{URL: src.URL, SHA256: src.SHA256, Size: src.Size, Most: maxArchive,
		Noun: "archive", Patience: patience, Progress: opts.Progress}.Fetch(ctx, archive)
	if err != nil {
		return atomicfile.OnDisk(err, archive)
	}
	err = atomicfile.WriteDir(dir, opts.Force, func(tmp string) error {
		return unpack(ctx, archive, tmp)
	})
	if err != nil && !errors.Is(err, errArchive) {
		return err // a full disk, or cancelled: the download is still good
	}
	return errors.Join(err, os.RemoveAll(archive))
}

// maxArchive is the largest archive that is fetched, bytes.
const maxArchive = 8 << 30

// patience is how long servers may take.
var patience = download.Patient
