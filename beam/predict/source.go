package predict

import (
	"context"
	"fmt"

	"github.com/flowerctl/flowerctl/infer/objects"
	"github.com/flowerctl/flowerctl/infer/shard"
	"github.com/flowerctl/flowerctl/train/permanent"
	"github.com/flowerctl/flowerctl/train/table"
)

// shardsFn emits the index of each shard.
type shardsFn struct{ Shards int }

// ProcessElement emits them all for the one impulse.
func (f *shardsFn) ProcessElement(_ []byte, emit func(int64)) {
	for i := range f.Shards {
		emit(int64(i))
	}
}

// besideFn keys each shard by itself.
func besideFn(index int64) (int64, bool) { return index, true }

// readFn emits the pictures of a shard: by its index, their entries of the manifest with
// their numbers. A shard that is done has none.
type readFn struct {
	Manifest, SHA256 string
	Dir              string
	Shards           int

	manifest *shard.Manifest
}

// Setup reads the manifest once, which must be the one that the job was started with.
func (f *readFn) Setup() error { return noted(f.open()) }

func (f *readFn) open() (err error) {
	if f.manifest, err = shard.Open(f.Manifest); err != nil {
		return err
	}
	if got := f.manifest.SHA256; got != f.SHA256 {
		return &permanent.Error{Err: fmt.Errorf(
			"%s: got SHA-256 %.12s, but the job was started with %.12s", f.Manifest, got, f.SHA256)}
	}
	return nil
}

// ProcessElement reads a shard's part of the manifest.
func (f *readFn) ProcessElement(ctx context.Context, index int64, emit func(int64, []byte)) error {
	return noted(f.read(ctx, index, emit))
}

func (f *readFn) read(ctx context.Context, index int64, emit func(int64, []byte)) error {
	s := shard.Shard{Index: int(index), Count: f.Shards}
	if done, err := shard.Finished(f.Dir, s); done != nil || err != nil {
		return err
	}
	number, to := s.Range(f.manifest.Pictures)
	for e, err := range f.manifest.Entries(number, to) {
		if err != nil {
			return err
		}
		if e.Table != "" || objects.Is(e.File) {
			return &permanent.Error{
				Err: fmt.Errorf("%s: got a picture in an object store or a Parquet file, want files: the "+
					"pipeline reads no others", table.Printable(e.File)),
				Remedy: "flowerctl predict --manifest, of a build with CLOUD=yes, for shards of these"}
		}
		line, err := e.Encode()
		if err != nil {
			return err
		}
		emit(index, numbered(number, line))
		number++
	}
	return ctx.Err()
}
