//go:build cloud

package cloud

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/flowerctl/flowerctl/fixtures/s3server"
	"github.com/flowerctl/flowerctl/infer/objects"
)

// started is a server, and the stores that reach it.
func started(t *testing.T) (*s3server.Server, *objects.Stores) {
	t.Helper()
	server := s3server.New()
	t.Cleanup(server.Close)
	for name, value := range s3server.Environment() {
		t.Setenv(name, value)
	}
	stores := objects.New(t.Context(), Open)
	stores.Pause = time.Millisecond
	t.Cleanup(func() {
		if err := stores.Close(); err != nil {
			t.Error(err)
		}
	})
	return server, stores
}

func put(t *testing.T, s *s3server.Server, key, data string) {
	t.Helper()
	if err := s.Put("photos", key, []byte(data)); err != nil {
		t.Fatal(err)
	}
}

// read reads a whole object.
func read(o *objects.Object) (string, error) {
	r, err := o.Open()
	if err != nil {
		return "", err
	}
	data, err := io.ReadAll(r)
	return string(data), errors.Join(err, r.Close())
}

func TestObjectsAreListedInTheOrderOfTheirKeys(t *testing.T) {
	server, stores := started(t)
	for _, key := range []string{"b/2.jpg", "a.jpg", "b/1 ä?.jpg", "c/x/3.jpg", "bb.jpg"} {
		put(t, server, key, key)
	}
	for i := range 1001 { // more than a page
		put(t, server, fmt.Sprintf("many/%04d.jpg", i), "x")
	}
	var keys []string
	for o, err := range stores.List(server.Name("photos", "b")) {
		if err != nil {
			t.Fatal(err)
		}
		if o.ETag == "" || o.Size != int64(len(o.Key)) {
			t.Errorf("%s: got ETag %q, %d bytes", o.Key, o.ETag, o.Size)
		}
		if data, err := read(o); err != nil || data != o.Key {
			t.Errorf("%s: got %q, %v", o.Key, data, err)
		}
		keys = append(keys, o.Key)
	}
	if got := strings.Join(keys, " "); got != "b/1 ä?.jpg b/2.jpg bb.jpg" {
		t.Errorf("got %s", got)
	}
	n := 0
	for _, err := range stores.List(server.Name("photos", "many/")) {
		if n++; err != nil {
			t.Fatal(err)
		}
	}
	if n != 1001 {
		t.Errorf("got %d of 1001", n)
	}
	folders, err := stores.Folders(server.Name("photos", ""))
	if got := strings.Join(folders, " "); err != nil || got != "b c many" {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestErrorsOfAStoreAreALine(t *testing.T) {
	server, stores := started(t)
	put(t, server, "a.jpg", "a")
	_, err := stores.Stat(server.Name("photos", "gone.jpg"))
	wantError(t, err, "no such object", fs.ErrNotExist)
	for _, err := range stores.List(server.Name("nowhere", "")) {
		wantError(t, err, "no such bucket", fs.ErrNotExist)
	}
	server.Fail(s3server.Refuse(http.StatusForbidden, "AccessDenied"))
	for _, err := range stores.List(server.Name("photos", "")) {
		wantError(t, err, "access denied by the store (AccessDenied)", fs.ErrPermission)
	}
	_, err = stores.Stat(server.Name("photos", "a.jpg"))
	wantError(t, err, "access denied by the store (Forbidden)", fs.ErrPermission)
	server.Fail(s3server.Refuse(http.StatusForbidden, "InvalidAccessKeyId"))
	for _, err := range stores.List(server.Name("photos", "")) {
		wantError(t, err, "access denied by the store (InvalidAccessKeyId)", fs.ErrPermission)
	}
	_, err = stores.Stat("s3://photos/a.jpg?endpont=x")
	wantError(t, err, `unknown query parameter "endpont"`, nil)
	_, err = stores.Stat("s3://photos/a.jpg?region=us-east-1&use_path_style=true&endpoint=http://127.0.0.1:1")
	wantError(t, err, "connection refused", nil)
}

func wantError(t *testing.T, err error, want string, kind error) {
	t.Helper()
	switch {
	case err == nil || !strings.Contains(err.Error(), want) || strings.ContainsAny(err.Error(), "\r\n"):
		t.Errorf("got %v, want %s in a line", err, want)
	case kind != nil && !errors.Is(err, kind):
		t.Errorf("%v: got another kind, want %v", err, kind)
	case len(err.Error()) > 300:
		t.Errorf("%v: a line of %d bytes", err, len(err.Error()))
	}
}

// TestACutConnectionIsContinued by a request for the rest, as often as five times.
func TestACutConnectionIsContinued(t *testing.T) {
	server, stores := started(t)
	data := bytes.Repeat([]byte("0123456789abcde"), 20_000)
	put(t, server, "a.jpg", string(data))
	for _, times := range []int{1, 4, 5} {
		server.Fail(s3server.CutReads(70_000, times))
		o, err := stores.Object(server.Name("photos", "a.jpg"), "")
		if err != nil {
			t.Fatal(err)
		}
		before := server.Requests.Load()
		got, err := read(o)
		if times < 5 && (err != nil || got != string(data)) {
			t.Errorf("%d times: got %d bytes, %v", times, len(got), err)
		}
		if asked := server.Requests.Load() - before; asked != min(int64(times)+1, 5) {
			t.Errorf("%d times: got %d requests", times, asked)
		}
	}
	server.Fail(s3server.CutReads(0, 1000))
	o, err := stores.Object(server.Name("photos", "a.jpg"), "")
	if err != nil {
		t.Fatal(err)
	}
	_, err = read(o)
	wantError(t, err, "cut after 0 bytes, 5 times: ", io.ErrUnexpectedEOF)
}

// TestAnObjectThatChangesIsNotMixed: neither with what was listed, nor in the middle.
func TestAnObjectThatChangesIsNotMixed(t *testing.T) {
	server, stores := started(t)
	first, second := strings.Repeat("a", 200_000), strings.Repeat("b", 200_000)
	put(t, server, "a.jpg", first)
	listed, err := stores.Stat(server.Name("photos", "a.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	cut := s3server.CutReads(70_000, 1)
	server.Fail(func(w http.ResponseWriter, r *http.Request, next http.Handler) bool {
		if got := r.Header.Get("If-Match"); got != `"`+listed.ETag+`"` {
			t.Errorf("asked for the ETag %s, want %s", got, listed.ETag)
		}
		defer put(t, server, "a.jpg", second)
		return cut(w, r, next)
	})
	_, err = read(listed)
	wantError(t, err, "the object changed", objects.ErrChanged)
	server.Fail(nil)
	_, err = read(listed)
	wantError(t, err, "the object changed", objects.ErrChanged)
	asked, err := stores.Object(server.Name("photos", "a.jpg"), "")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := read(asked); err != nil || got != second {
		t.Errorf("got %d bytes, %v", len(got), err)
	}
	server.Fail(s3server.Refuse(http.StatusPreconditionFailed, "PreconditionFailed"))
	_, err = read(listed)
	wantError(t, err, "the object changed", objects.ErrChanged)
}

// TestASilentServerIsAskedAgain, and not waited for without end.
func TestASilentServerIsAskedAgain(t *testing.T) {
	server, stores := started(t)
	put(t, server, "a.jpg", "a")
	o, err := stores.Object(server.Name("photos", "a.jpg"), "")
	if err != nil {
		t.Fatal(err)
	}
	stores.Stall = 50 * time.Millisecond
	server.Fail(s3server.Silence(1000))
	_, err = read(o)
	wantError(t, err, "cut after 0 bytes, 5 times: no answer for 50ms", nil)
	for _, err := range stores.List(server.Name("photos", "")) {
		wantError(t, err, ": no answer for 50ms", nil)
	}
}

// TestRequestsAreNotRepeatedTwice: what the store's library repeats, the reader does not.
func TestRequestsAreNotRepeatedTwice(t *testing.T) {
	server, stores := started(t)
	put(t, server, "a.jpg", "a")
	o, err := stores.Object(server.Name("photos", "a.jpg"), "")
	if err != nil {
		t.Fatal(err)
	}
	server.Fail(s3server.Refuse(http.StatusServiceUnavailable, "SlowDown"))
	before := server.Requests.Load()
	_, err = read(o)
	wantError(t, err, "SlowDown", nil)
	if n := server.Requests.Load() - before; n != 3 { // the standard retryer's attempts
		t.Errorf("got %d requests, want 3", n)
	}
}
