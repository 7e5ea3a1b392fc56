package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/flowerctl/flowerctl/infer/download"
)

// Limits of a download.
var (
	limits = download.Limits{
		Connect: 10 * time.Second, Header: 30 * time.Second, Stall: 30 * time.Second}
	attempts = 4
	pause    = time.Second // before the second attempt, doubled for each after
)

// maxArchive is the largest archive that is fetched, bytes.
const maxArchive = 8 << 30

// fill downloads src.URL to path. It continues where an earlier download stopped, and
// tries again when the connection breaks. resumed says whether the file has bytes of
// an earlier call.
func fill(ctx context.Context, src Source, path string,
	progress func(done, total int64)) (resumed bool, err error) {
	if _, err := url.Parse(src.URL); err != nil {
		return false, err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return false, err
	}
	defer func() {
		err = errors.Join(err, f.Close())
		if info, serr := os.Stat(path); err != nil && serr == nil && info.Size() == 0 {
			err = errors.Join(err, os.Remove(path))
		}
	}()
	info, err := f.Stat()
	if err != nil {
		return false, err
	}
	resumed = info.Size() > 0
	wait := pause
	for attempt := 1; ; attempt++ {
		err = once(ctx, src, f, progress)
		var final *finalError
		if err == nil || ctx.Err() != nil || errors.As(err, &final) || attempt == attempts {
			return resumed, err
		}
		select {
		case <-ctx.Done():
			return resumed, ctx.Err()
		case <-time.After(wait):
		}
		wait *= 2
	}
}

// finalError is an error that another attempt would get again.
type finalError struct{ error }

func (e *finalError) Unwrap() error { return e.error }

// once asks for the bytes that f does not have yet and appends them.
func once(ctx context.Context, src Source, f *os.File, progress func(done, total int64)) error {
	have, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return &finalError{err}
	}
	if src.Size > 0 && have == src.Size {
		return nil
	}
	if src.Size > 0 && have > src.Size {
		if have, err = restart(f); err != nil {
			return err
		}
	}
	response, err := download.Get(ctx, src.URL, have, limits)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	have, complete, err := begin(src, f, have, response)
	if err != nil || complete {
		return err
	}
	total := src.Size
	if total == 0 && response.ContentLength > 0 {
		total = have + response.ContentLength
	}
	body := download.Progress(response.Body, have, total, progress)
	n, err := io.Copy(f, io.LimitReader(body, maxArchive-have+1))
	var disk *os.PathError
	switch {
	case errors.As(err, &disk):
		return &finalError{err}
	case context.Cause(ctx) != nil:
		return context.Cause(ctx)
	case err != nil:
		return fmt.Errorf("%s: %w", src.URL, err)
	case have+n > maxArchive:
		return &finalError{fmt.Errorf("%s: more than %d bytes", src.URL, int64(maxArchive))}
	case src.Size > 0 && have+n < src.Size:
		return fmt.Errorf("%s: %d bytes of %d arrived", src.URL, have+n, src.Size)
	}
	return nil
}

// begin prepares f for the server's answer: after the first have bytes, or at the
// start. complete says that f has all bytes already.
func begin(src Source, f *os.File, have int64, r *http.Response) (
	at int64, complete bool, err error) {

	switch {
	case r.StatusCode == http.StatusPartialContent && startsAt(r, have):
	case r.StatusCode == http.StatusOK:
		if have, err = restart(f); err != nil {
			return 0, false, err
		}
	case r.StatusCode == http.StatusRequestedRangeNotSatisfiable && have > 0:
		if isAll(r, have) {
			return have, true, nil
		}
		if _, err := restart(f); err != nil {
			return 0, false, err
		}
		return 0, false, fmt.Errorf("%s: the partial download did not fit", src.URL)
	case r.StatusCode >= 500:
		return 0, false, fmt.Errorf("%s: %s", src.URL, r.Status)
	default:
		return 0, false, &finalError{fmt.Errorf("%s: %s", src.URL, r.Status)}
	}
	if n := r.ContentLength; src.Size > 0 && n >= 0 && have+n != src.Size {
		return 0, false, &finalError{fmt.Errorf("%s: %w: %d bytes, want %d",
			src.URL, errHash, have+n, src.Size)}
	}
	return have, false, nil
}

func restart(f *os.File) (int64, error) {
	_, err := f.Seek(0, io.SeekStart)
	if err = errors.Join(err, f.Truncate(0)); err != nil {
		return 0, &finalError{err}
	}
	return 0, nil
}

// startsAt reads "Content-Range: bytes 100-199/200".
func startsAt(r *http.Response, at int64) bool {
	return strings.HasPrefix(r.Header.Get("Content-Range"), fmt.Sprintf("bytes %d-", at))
}

// isAll reads "Content-Range: bytes */200", which says that 200 bytes are all.
func isAll(r *http.Response, have int64) bool {
	total, ok := strings.CutPrefix(r.Header.Get("Content-Range"), "bytes */")
	n, err := strconv.ParseInt(total, 10, 64)
	return ok && err == nil && n == have
}
