package ort

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// Time limits of a download. A machine without a way out must learn it quickly,
// since another source comes next; a slow line may take as long as it wants, as
// long as something arrives.
var (
	connectTimeout = 5 * time.Second
	headerTimeout  = 15 * time.Second
	stallTimeout   = 30 * time.Second
)

// maxArchive is more than any onnxruntime archive has, bytes.
const maxArchive = 1 << 30

// fetchURL downloads an official archive.
func fetchURL(ctx context.Context, in *Install, s source, dir string) (string, error) {
	base := in.Mirror
	if base == "" {
		base = releases
	}
	path := filepath.Join(dir, s.archive)
	return path, download(ctx, base+"/"+s.archive, path, in.Progress)
}

// download writes what url answers to path.
func download(ctx context.Context, url, path string, progress func(done, total int64)) (err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone() // keeps proxy settings
	transport.DialContext = (&net.Dialer{Timeout: connectTimeout}).DialContext
	transport.TLSHandshakeTimeout = connectTimeout
	transport.ResponseHeaderTimeout = headerTimeout
	defer transport.CloseIdleConnections()
	response, err := (&http.Client{Transport: transport}).Do(request)
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
	body := &watchedReader{r: response.Body, total: response.ContentLength, progress: progress}
	body.stall = time.AfterFunc(stallTimeout, func() {
		cancel(fmt.Errorf("%s: nothing arrived for %v", url, stallTimeout))
	})
	defer body.stall.Stop()
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

// watchedReader tells about progress and puts off the stall timer.
type watchedReader struct {
	r           io.Reader
	done, total int64
	progress    func(done, total int64)
	stall       *time.Timer
}

func (w *watchedReader) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	w.done += int64(n)
	if n > 0 {
		w.stall.Reset(stallTimeout)
		if w.progress != nil {
			w.progress(w.done, w.total)
		}
	}
	return n, err
}
