package ort

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/flowerctl/flowerctl/infer/download"
)

// limits are short, for a machine without a way out must learn it quickly:
// another source comes next.
var limits = download.Limits{Connect: 5 * time.Second, Header: 15 * time.Second, Stall: 30 * time.Second}

// maxArchive is more than any onnxruntime archive has, bytes.
const maxArchive = 1 << 30

// fetchURL downloads an official archive.
func fetchURL(ctx context.Context, in *Install, s source, dir string) (string, error) {
	base := in.Mirror
	if base == "" {
		base = releases
	}
	path := filepath.Join(dir, s.archive)
	return path, writeAnswer(ctx, base+"/"+s.archive, path, in.Progress)
}

// writeAnswer writes what url answers to path.
func writeAnswer(ctx context.Context, url, path string, progress func(done, total int64)) (err error) {
	response, err := download.Get(ctx, url, 0, limits)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", url, response.Status)
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	body := download.Progress(response.Body, 0, response.ContentLength, progress)
	n, err := io.Copy(file, io.LimitReader(body, maxArchive+1))
	switch {
	case context.Cause(ctx) != nil:
		return context.Cause(ctx)
	case err != nil:
		return fmt.Errorf("%s: %w", url, err)
	case n > maxArchive:
		return fmt.Errorf("%s: more than %d bytes", url, maxArchive)
	}
	return nil
}
