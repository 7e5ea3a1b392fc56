package download

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

// ErrOther means that a server sends another file than the one that was asked for.
var ErrOther = errors.New("not the file that was expected")

// otherError is an [ErrOther] that says what differs.
type otherError struct{ url, noun, detail string }

func (e *otherError) Error() string {
	return fmt.Sprintf("%s: not the %s that was expected: %s", e.url, e.noun, e.detail)
}

func (e *otherError) Is(target error) bool { return target == ErrOther }

// other is the error of a server that sends another file.
func (f File) other(format string, args ...any) error {
	noun := f.Noun
	if noun == "" {
		noun = "file"
	}
	return &otherError{f.name(), noun, fmt.Sprintf(format, args...)}
}

// Patience is how a download deals with a line that breaks; all of it must be set.
type Patience struct {
	Limits
	Attempts int
	Pause    time.Duration // before the second attempt, doubled for each after
}

// Patient suits files of some hundred megabytes on a bad line.
var Patient = Patience{
	Limits:   Limits{Connect: 10 * time.Second, Header: 30 * time.Second, Stall: 30 * time.Second},
	Attempts: 4, Pause: time.Second,
}

// File is a file to download.
type File struct {
	URL    string
	SHA256 string // lower-case hex; "" when unknown, and then nothing is compared
	Size   int64  // bytes; 0 when unknown
	Most   int64  // the largest size that is taken, bytes
	Noun   string // what it is called in errors: "" means file
	Patience
	// Progress is told of bytes that are there, of total or 0; may be nil.
	Progress func(done, total int64)
}

// Fetch makes path the complete file, and compares its size and hash. It goes on where
// an earlier call stopped, and tries again when the line breaks. A call that is
// interrupted leaves at path what arrived, from which the next goes on; what is
// not the file that was expected is removed, and the error is [ErrOther].
func (f File) Fetch(ctx context.Context, path string) error {
	resumed, err := f.fill(ctx, path)
	if err == nil {
		err = f.check(path)
	}
	if errors.Is(err, ErrOther) && resumed { // the server's file may be another by now
		if err = os.RemoveAll(path); err == nil {
			if _, err = f.fill(ctx, path); err == nil {
				err = f.check(path)
			}
		}
	}
	if errors.Is(err, ErrOther) {
		return errors.Join(err, os.RemoveAll(path))
	}
	return err
}

// name is the address as errors show it, without a password.
func (f File) name() string {
	if u, err := url.Parse(f.URL); err == nil {
		return u.Redacted()
	}
	return f.URL
}

// check compares the hash of what is at path.
func (f File) check(path string) error {
	if f.SHA256 == "" {
		return nil
	}
	got, err := HashFile(path)
	if err == nil && got != f.SHA256 {
		err = f.other("SHA-256 %s, want %s", got, f.SHA256)
	}
	return err
}

// HashFile is the SHA-256 of a file, in lower-case hex.
func HashFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// fill makes path all of what the URL answers. resumed says whether bytes of
// an earlier call are in it.
func (f File) fill(ctx context.Context, path string) (resumed bool, err error) {
	if _, err := url.Parse(f.URL); err != nil {
		return false, err
	}
	to, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return false, err
	}
	defer func() {
		err = errors.Join(err, to.Close())
		if info, serr := os.Stat(path); err != nil && serr == nil && info.Size() == 0 {
			err = errors.Join(err, os.Remove(path))
		}
	}()
	info, err := to.Stat()
	if err != nil {
		return false, err
	}
	resumed = info.Size() > 0
	wait := f.Pause
	for attempt := 1; ; attempt++ {
		err = f.once(ctx, to)
		var final *finalError
		if err == nil || ctx.Err() != nil || errors.As(err, &final) || attempt >= f.Attempts {
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

// finalError is one that another attempt would meet again.
type finalError struct{ error }

func (e *finalError) Unwrap() error { return e.error }

// once asks for what the file does not have yet and appends it.
func (f File) once(ctx context.Context, to *os.File) error {
	have, err := to.Seek(0, io.SeekEnd)
	if err != nil {
		return &finalError{err}
	}
	if f.Size > 0 && have == f.Size {
		return nil
	}
	if f.Size > 0 && have > f.Size {
		if have, err = restart(to); err != nil {
			return err
		}
	}
	response, err := Get(ctx, f.URL, have, f.Limits)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	have, complete, err := f.begin(to, have, response)
	if err != nil || complete {
		return err
	}
	total := f.Size
	if total == 0 && response.ContentLength > 0 {
		total = have + response.ContentLength
	}
	body := Progress(response.Body, have, total, f.Progress)
	n, err := io.Copy(to, io.LimitReader(body, f.Most-have+1))
	var disk *os.PathError
	switch {
	case errors.As(err, &disk):
		return &finalError{err}
	case context.Cause(ctx) != nil:
		return context.Cause(ctx)
	case err != nil:
		return fmt.Errorf("%s: %w", f.name(), err)
	case have+n > f.Most:
		return &finalError{fmt.Errorf("%s: more than %d bytes", f.name(), f.Most)}
	case f.Size > 0 && have+n < f.Size:
		return fmt.Errorf("%s: %d bytes of %d arrived", f.name(), have+n, f.Size)
	}
	return nil
}

// begin makes the file fit to what the server is about to send: behind the have
// bytes that are there, or from the start. all says that they are all.
func (f File) begin(to *os.File, have int64, r *http.Response) (at int64, all bool, err error) {
	switch {
	case r.StatusCode == http.StatusPartialContent && startsAt(r, have):
	case r.StatusCode == http.StatusOK:
		if have, err = restart(to); err != nil {
			return 0, false, err
		}
	case r.StatusCode == http.StatusRequestedRangeNotSatisfiable && have > 0:
		if isAll(r, have) {
			return have, true, nil
		}
		if _, err := restart(to); err != nil {
			return 0, false, err
		}
		return 0, false, fmt.Errorf("%s: the partial download did not fit", f.name())
	case r.StatusCode >= 500:
		return 0, false, fmt.Errorf("%s: %s", f.name(), r.Status)
	default:
		return 0, false, &finalError{fmt.Errorf("%s: %s", f.name(), r.Status)}
	}
	if n := r.ContentLength; f.Size > 0 && n >= 0 && have+n != f.Size {
		return 0, false, &finalError{f.other("%d bytes, want %d", have+n, f.Size)}
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
