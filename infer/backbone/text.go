package backbone

import (
	"fmt"
	"io"

	"github.com/flowerctl/flowerctl/train/table"
)

// State is an entry, and whether its file is here: in the cache, or in the folder
// that [EnvFolder] names.
type State struct {
	Entry
	Cached bool   `json:"cached"`
	Path   string `json:"path"` // where it lies, or will
}

// State looks for the entry's file.
func (e Entry) State() State {
	path, ok := e.Cached()
	return State{e, ok, path}
}

// States are all networks.
func States() []State {
	states := make([]State, len(entries))
	for i, e := range entries {
		states[i] = e.State()
	}
	return states
}

// List is the networks for people, one a line.
func List(states []State) *table.Table {
	t := table.New("name", "input", "parameters", "GFLOPs", "ImageNet", "size", "licence", "state")
	for _, s := range states {
		t.Add(s.Name, s.Input.Size, fmt.Sprintf("%.2f M", float64(s.Parameters)/1e6),
			fmt.Sprintf("%.2f", s.GFLOPs), fmt.Sprintf("%.1f %%", s.Top1.Percent),
			sizeText(s.Size), s.Licence, s.note())
	}
	return t
}

// note is what the list says of an entry's file.
func (s State) note() string {
	switch {
	case s.Cached:
		return "here"
	case !s.Verified():
		return "not here, no published hash"
	}
	return "not here"
}

// WriteText writes all about a network, a line each.
func (s State) WriteText(w io.Writer) error {
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
		t.Add("file", s.Path)
	} else {
		t.Add("file", "not here")
	}
	return t.WriteText(w)
}

// inputText is "image, float32 [N 3 224 224]".
func (s State) inputText() string {
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
	return table.Megabytes(n)
}
