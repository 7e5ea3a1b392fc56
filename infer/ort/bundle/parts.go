package bundle

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/flowerctl/flowerctl/train/atomicfile"
)

// partBytes is the size of a part, under the 50 MiB that many services take.
const partBytes = 48 << 20

// joinScript needs nothing but a shell, cat, gzip and tar.
const joinScript = `#!/bin/sh
# Joins the parts beside this script into the folder "bundle" here.
set -e
cd "$(dirname "$0")"
mkdir bundle
cat part-* | gzip -dc | tar xf - -C bundle
echo "joined: ./bundle/flowerctl gpu check"
`

// Split writes a bundle's folder as a compressed tar archive in parts, to
// DIR.parts, in place of those that are there: all of it, or nothing.
func Split(ctx context.Context, dir string, b *Manifest) (parts int, err error) {
	err = atomicfile.WriteDir(dir+".parts", true, func(temporary string) error {
		parts, err = split(ctx, dir, b, temporary)
		return err
	})
	return parts, err
}

// split writes the parts, and what joins them, into the folder out.
func split(ctx context.Context, dir string, b *Manifest, out string) (parts int, err error) {
	if err := os.WriteFile(filepath.Join(out, "join.sh"), []byte(joinScript), 0o755); err != nil {
		return 0, err
	}
	p := &partWriter{dir: out, limit: partBytes}
	defer func() { err = errors.Join(err, p.Close()) }()
	packed := gzip.NewWriter(p)
	archive := tar.NewWriter(packed)
	names := []string{ManifestFile}
	for name := range b.Files {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if err := errors.Join(ctx.Err(), addToTar(archive, dir, name)); err != nil {
			return 0, err
		}
	}
	err = errors.Join(archive.Close(), packed.Close())
	return p.n, err
}

func addToTar(archive *tar.Writer, dir, name string) error {
	f, err := os.Open(filepath.Join(dir, filepath.FromSlash(name)))
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	header := &tar.Header{Name: name, Typeflag: tar.TypeReg, Size: info.Size(),
		Mode: int64(info.Mode().Perm())}
	if err := archive.WriteHeader(header); err != nil {
		return err
	}
	_, err = io.Copy(archive, f)
	return err
}

// partWriter cuts what is written into files part-000, part-001 ...
type partWriter struct {
	dir         string
	limit, room int
	n           int
	file        *os.File
}

func (p *partWriter) Write(data []byte) (written int, err error) {
	for len(data) > 0 {
		if p.room == 0 {
			if err := p.Close(); err != nil {
				return written, err
			}
			if p.file, err = os.Create(filepath.Join(p.dir, fmt.Sprintf("part-%03d", p.n))); err != nil {
				return written, err
			}
			p.n, p.room = p.n+1, p.limit
		}
		n, err := p.file.Write(data[:min(len(data), p.room)])
		written, p.room, data = written+n, p.room-n, data[n:]
		if err != nil {
			return written, err
		}
	}
	return written, nil
}

// Close closes the part that is open.
func (p *partWriter) Close() error {
	if p.file == nil {
		return nil
	}
	f := p.file
	p.file = nil
	return f.Close()
}
