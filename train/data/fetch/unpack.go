package fetch

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"
)

// Limits for the unpacked files, so that a small archive cannot fill the disk.
var (
	maxFiles int   = 1_000_000
	maxBytes int64 = 16 << 30
)

// errArchive means that the archive is at fault.
var errArchive = errors.New("bad archive")

// unpack writes the files of a gzipped tar into dir, without the archive's outermost
// folder. It writes through an [os.Root], which no name can leave; links, devices,
// absolute names and names with .. are errors.
func unpack(ctx context.Context, archive, dir string) (err error) {
	f, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return fmt.Errorf("%w: %w", errArchive, err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	files, left := 0, maxBytes
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%w: %w", errArchive, err)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if files++; files > maxFiles || h.Size > left {
			return fmt.Errorf("%w: more than %d files or %d bytes", errArchive, maxFiles, maxBytes)
		}
		left -= h.Size
		if err := member(root, h, r); err != nil {
			return fmt.Errorf("%s: %w", h.Name, err)
		}
	}
}

// member writes one file, or makes one folder.
func member(root *os.Root, h *tar.Header, r io.Reader) error {
	name, err := memberName(h)
	if err != nil || name == "" {
		return err
	}
	folder, isFile := name, h.Typeflag == tar.TypeReg
	if isFile {
		folder = filepath.Dir(name)
	}
	err = root.MkdirAll(folder, 0o755)
	if errors.Is(err, syscall.ENOTDIR) || errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%w: a file where a folder must be", errArchive)
	}
	if err != nil {
		return err
	}
	if !isFile {
		return nil
	}
	return write(root, name, r)
}

// memberName is the name below the archive's outermost folder, empty for that folder.
func memberName(h *tar.Header) (string, error) {
	clean := path.Clean(h.Name)
	if !fs.ValidPath(clean) || strings.Contains(clean, `\`) {
		return "", fmt.Errorf("%w: a name that leaves the folder", errArchive)
	}
	_, name, inside := strings.Cut(clean, "/")
	switch {
	case h.Typeflag != tar.TypeDir && h.Typeflag != tar.TypeReg:
		return "", fmt.Errorf("%w: neither a file nor a folder", errArchive)
	case h.Typeflag == tar.TypeReg && !inside:
		return "", fmt.Errorf("%w: a file outside its folder", errArchive)
	}
	return filepath.FromSlash(name), nil
}

func write(root *os.Root, name string, r io.Reader) (err error) {
	f, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%w: the same name twice", errArchive)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	_, err = io.Copy(f, r)
	var disk *fs.PathError
	if err != nil && !errors.As(err, &disk) {
		return fmt.Errorf("%w: %w", errArchive, err)
	}
	return err
}
