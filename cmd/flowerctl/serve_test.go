package main

import (
	"bufio"
	"bytes"
	"context"
	"image"
	"image/png"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/cmd/internal/shell"
)

func TestServeAnswersUntilItIsStopped(t *testing.T) {
	if installedRuntime(t) == "" {
		t.Skip("no onnxruntime: flowerctl runtime install")
	}
	t.Chdir(t.TempDir())
	t.Setenv(shell.EnvModel, "")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	read, write := io.Pipe()
	code := make(chan int, 1)
	go func() {
		code <- program(ctx, []string{"serve", "--addr", "127.0.0.1:0"}, strings.NewReader(""),
			io.Discard, write)
		write.Close()
	}()
	lines := bufio.NewScanner(read)
	address := ""
	for address == "" && lines.Scan() {
		_, address, _ = strings.Cut(lines.Text(), "serving on ")
	}
	go func() {
		for lines.Scan() {
		}
	}()
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 9, 9))); err != nil {
		t.Fatal(err)
	}
	resp, err := http.Post(address+"/predict", "image/png", &picture)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK ||
		!strings.HasPrefix(string(body), `{"model":"flowers","version":"1","results":[{"label":`) {
		t.Errorf("got %d %s, %v", resp.StatusCode, body, err)
	}
	cancel()
	if got := <-code; got != shell.ExitDone {
		t.Errorf("got exit code %d, want 0", got)
	}
}
