package main

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/cmd/internal/shell"
)

func TestCtrlCIsOneLine(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("HOME", t.TempDir())
	t.Setenv(shell.EnvOffline, "")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var stderr strings.Builder
	code := program(ctx, []string{"runtime", "install", "--mirror", "http://127.0.0.1:1"}, strings.NewReader(""), io.Discard, &stderr)
	if code != shell.ExitFailed || !strings.HasSuffix(stderr.String(), "flowerctl runtime install: interrupted\n") {
		t.Errorf("got exit code %d and %q", code, stderr.String())
	}
}
