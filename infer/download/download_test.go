package download

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

var patient = Limits{Connect: 10 * time.Second, Header: 10 * time.Second, Stall: 10 * time.Second}

func serve(t *testing.T, f http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(f)
	t.Cleanup(s.Close)
	return s.URL
}

// silent sends five bytes of ten and then nothing.
func silent(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Length", "10")
	io.WriteString(w, "hello")
	w.(http.Flusher).Flush()
	<-r.Context().Done()
}

func TestGetFromTheMiddleTellsItsProgress(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader("hello world"))
	})
	response, err := Get(t.Context(), url, 6, patient)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var done, total int64
	var got bytes.Buffer
	_, err = got.ReadFrom(Progress(response.Body, 6, 11, func(d, of int64) { done, total = d, of }))
	if err != nil || got.String() != "world" || response.StatusCode != http.StatusPartialContent {
		t.Errorf("got %q, %s, %v", got.String(), response.Status, err)
	}
	if done != 11 || total != 11 {
		t.Errorf("progress ended at %d of %d, want 11 of 11", done, total)
	}
	if r := io.Reader(&got); Progress(r, 0, 0, nil) != r {
		t.Error("with nobody to tell it is not the reader itself")
	}
}

func TestReadsFailWithTheReason(t *testing.T) {
	read := func(ctx context.Context, l Limits, begun func()) error {
		response, err := Get(ctx, serve(t, silent), 0, l)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		begun()
		_, err = io.ReadAll(response.Body)
		return err
	}
	short := patient
	short.Stall = 30 * time.Millisecond
	if err := read(t.Context(), short, func() {}); err == nil ||
		!strings.Contains(err.Error(), "nothing arrived for 30ms") {
		t.Errorf("silence: got %v", err)
	}
	reason := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	later := func() { time.AfterFunc(30*time.Millisecond, func() { cancel(reason) }) }
	if err := read(ctx, patient, later); !errors.Is(err, reason) {
		t.Errorf("cancelled: got %v, want %v", err, reason)
	}
}

func TestAServerThatDoesNotAnswerIsGivenUp(t *testing.T) {
	url := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	l := patient
	l.Header = 30 * time.Millisecond
	if _, err := Get(t.Context(), url, 0, l); err == nil {
		t.Error("got no error")
	}
	if _, err := Get(t.Context(), "no url", 0, patient); err == nil {
		t.Error("no url: got no error")
	}
}
