package fetch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestUnpackHasLimits(t *testing.T) {
	files, bytes := maxFiles, maxBytes
	defer func() { maxFiles, maxBytes = files, bytes }()
	for _, set := range []func(){func() { maxFiles = 3 }, func() { maxFiles, maxBytes = files, 100 }} {
		set()
		tmp := t.TempDir()
		err := Fetch(context.Background(), server(t, photos(t), nil), Options{Dir: filepath.Join(tmp, "f")})
		if err == nil || !strings.Contains(err.Error(), "more than") {
			t.Errorf("got %v, want an error about a limit", err)
		}
		wantLeft(t, tmp)
	}
}

// TestUnpackLimitsTheSum: each file is under the limit, all together are over it.
func TestUnpackLimitsTheSum(t *testing.T) {
	bytes := maxBytes
	defer func() { maxBytes = bytes }()
	maxBytes = 100
	text := strings.Repeat("x", 60)
	archive := tgz(t, [2]string{"photos/a/1", text}, [2]string{"photos/a/2", text})
	err := Fetch(context.Background(), server(t, archive, nil), Options{Dir: filepath.Join(t.TempDir(), "f")})
	if err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("got %v, want an error about a limit", err)
	}
}

func TestFetchIsCancelled(t *testing.T) {
	tmp := t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	archive := photos(t)
	src := server(t, archive, func(w http.ResponseWriter, r *http.Request) bool {
		w.Header().Set("Content-Length", fmt.Sprint(len(archive)))
		w.Write(archive[:60])
		w.(http.Flusher).Flush()
		<-r.Context().Done()
		return true
	})
	err := Fetch(ctx, src, Options{Dir: filepath.Join(tmp, "f"), Progress: func(_, _ int64) { cancel() }})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
	wantLeft(t, tmp, "f.download")
}

func TestAServerThatFallsSilentIsGivenUp(t *testing.T) {
	old, n := limits, attempts
	defer func() { limits, attempts = old, n }()
	limits.Stall, attempts = 50*time.Millisecond, 1
	archive := photos(t)
	src := server(t, archive, func(w http.ResponseWriter, r *http.Request) bool {
		w.Header().Set("Content-Length", fmt.Sprint(len(archive)))
		w.Write(archive[:60])
		w.(http.Flusher).Flush()
		<-r.Context().Done()
		return true
	})
	err := Fetch(context.Background(), src, Options{Dir: filepath.Join(t.TempDir(), "f")})
	if err == nil || !strings.Contains(err.Error(), "nothing arrived") {
		t.Errorf("got %v, want that nothing arrived", err)
	}
}
