package summary

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/export"
	"github.com/flowerctl/flowerctl/fixtures/networks"
	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/arch"
)

// TestFileAndCheckpointCountTheSame: parameters and operations of a file are
// those of the network that it was made from.
func TestFileAndCheckpointCountTheSame(t *testing.T) {
	for _, name := range []string{"v7-batchnorm", "v7-base", "mobilenetv2", "resnet18"} {
		c := networks.Preset(t, name, 0)
		want, err := OfCheckpoint(c)
		if err != nil {
			t.Fatal(err)
		}
		m, err := export.Model(c, export.Options{Input: export.Float})
		if err != nil {
			t.Fatal(err)
		}
		got, err := OfModel(m)
		if err != nil {
			t.Fatal(err)
		}
		p, err := arch.Find(name)
		if err != nil {
			t.Fatal(err)
		}
		if got.Trainable != int64(p.Parameters) || want.Trainable != got.Trainable {
			t.Errorf("%s: %d trainable in the file, %d in the checkpoint, train --list has %d", name,
				got.Trainable, want.Trainable, p.Parameters)
		}
		rescale := int64(0)
		for _, n := range want.Nodes {
			if n.Op == "rescale" {
				rescale = n.FLOPs
			}
		}
		if got.Parameters != want.Parameters || got.FLOPs != want.FLOPs-rescale || got.Bytes != want.Bytes {
			t.Errorf("%s: the file has %d parameters, %d FLOPs, %d bytes; the checkpoint %d, %d, %d", name,
				got.Parameters, got.FLOPs, got.Bytes, want.Parameters, want.FLOPs-rescale, want.Bytes)
		}
	}
}

func TestEveryNetworkIsDrawn(t *testing.T) {
	for _, p := range arch.All() {
		if p.Parameters > 2e7 {
			continue
		}
		c := networks.Preset(t, p.Name, 0)
		s, err := OfCheckpoint(c)
		if err != nil {
			t.Fatal(err)
		}
		drawn(t, p.Name, s)
		m, err := export.Model(c, export.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if s, err = OfModel(m); err != nil {
			t.Fatal(err)
		}
		drawn(t, p.Name+".onnx", s)
	}
}

func TestFilesFromElsewhereAreDescribed(t *testing.T) {
	files, err := filepath.Glob("../../onnx/testdata/*/*.onnx")
	if err != nil || len(files) < 15 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, path := range files {
		m, err := onnx.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		s, err := OfModel(m)
		if err != nil {
			t.Fatal(err)
		}
		drawn(t, path, s)
		var b strings.Builder
		if err := s.WriteTable(&b); err != nil || strings.Count(b.String(), "\n") < len(s.Nodes) {
			t.Errorf("%s: %d lines for %d nodes, %v", path, strings.Count(b.String(), "\n"), len(s.Nodes), err)
		}
	}
}

// TestPreprocessingIsOneBox: its steps are not drawn one by one.
func TestPreprocessingIsOneBox(t *testing.T) {
	m, err := export.Model(networks.Preset(t, "tiny", 0), export.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := OfModel(m)
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.Picture()
	if err != nil {
		t.Fatal(err)
	}
	svg, err := p.SVG()
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(svg, []byte("preprocess/")) || bytes.Contains(svg, []byte(">Cast")) || bytes.Count(svg, []byte(">preprocess</text>")) != 1 {
		t.Error("the preprocessing is not drawn as one box")
	}
}

// drawn wants XML with a box for something.
func drawn(t *testing.T, name string, s *Summary) {
	t.Helper()
	p, err := s.Picture()
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	svg, err := p.SVG()
	if err != nil {
		t.Fatal(err)
	}
	d := xml.NewDecoder(bytes.NewReader(svg))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
	}
	if bytes.Count(svg, []byte("<path")) < 4 {
		t.Errorf("%s: hardly a box", name)
	}
}
