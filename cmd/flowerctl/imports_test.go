package main

import (
	"os/exec"
	"strings"
	"testing"
)

const modulePath = "github.com/flowerctl/flowerctl/"

// importRules says which packages each tree never reaches, directly or through
// others, but for those under allowed; the packages under except have no such
// rule. Paths of this module are relative to the module.
var importRules = []struct {
	trees, except, never, allowed []string
}{
	{trees: []string{"onnx"}, never: []string{"train", "export", "infer", "fixtures", "cmd", gorgoniaPath, ortPath}},
	{
		trees: []string{"train/model", "train/arch", "train/optim", "train/checkpoint"},
		never: []string{gorgoniaPath, ortPath},
	},
	{
		trees: []string{"train", "export", "infer", "onnx", "fixtures"}, never: []string{gorgoniaPath},
		except: []string{"train/nn", "train/run", "train/study", "train/sweep", "train/compare", "export/verify", "export/publish", "export/transfer"},
	},
	{
		trees: []string{"train", "export", "infer", "onnx", "fixtures"}, never: []string{ortPath},
		except: []string{"infer", "export/verify", "export/publish", "export/transfer",
			"fixtures/onnxruntime"},
	},
	{trees: []string{"infer/imageprep", "infer/ort/install", "infer/ort/cuda"}, never: []string{ortPath}},
	{trees: []string{"train"}, never: []string{"export", "infer"}, allowed: []string{"infer/imageprep", "infer/download", "infer/machine"}},
	{trees: []string{"infer/download", "infer/machine"}, never: []string{"train", "export", "infer", "onnx", "fixtures", "cmd", ortPath},
		allowed: []string{"infer/download", "infer/machine"}},
	{trees: []string{"train/nn/kernel"}, never: []string{gorgoniaPath, "train/nn/kernel"},
		except: []string{
			"train/nn/kernel/engine", "train/nn/kernel/generic", "train/nn/kernel/kerneltest",
			"train/nn/kernel/naive", "train/nn/kernel/onednn",
		}},
	{
		trees: []string{"train/nn/kernel/generic", "train/nn/kernel/naive", "train/nn/kernel/onednn"},
		never: []string{gorgoniaPath, "train/nn/kernel/engine", "train/nn/kernel/kerneltest"},
	},
	{trees: []string{"train/nn/kernel/generic"}, never: []string{"train/nn/kernel/naive", "train/nn/kernel/onednn"}},
	{trees: []string{"train/nn/kernel/naive"}, never: []string{"train/nn/kernel/generic", "train/nn/kernel/onednn"}},
	{trees: []string{"train/nn/kernel/onednn"}, never: []string{"train/nn/kernel/generic", "train/nn/kernel/naive"}},
	{trees: []string{"train/nn/kernel/engine", "train/nn/kernel/kerneltest"}, never: []string{gorgoniaPath}},
	{
		trees: []string{"train", "export", "infer", "onnx", "cmd"}, never: []string{"train/nn/kernel/kerneltest"},
		except: []string{"train/nn/kernel/kerneltest"},
	},
	{
		trees: []string{"infer"}, never: []string{"train", "export", gorgoniaPath},
		allowed: []string{"train/archive", "train/atomicfile", "train/metrics", "train/numbers",
			"train/permanent", "train/table", "train/textfile"},
	},
	{
		trees: []string{"export"}, never: []string{gorgoniaPath, ortPath, "infer/ort"},
		except: []string{"export/verify", "export/publish", "export/transfer"},
	},
	{
		trees: []string{"train/archive", "train/table", "train/atomicfile", "train/diskcache",
			"train/lease", "train/metrics", "train/nearest", "train/numbers", "train/permanent", "train/head", "train/textfile",
			"train/pace", "train/tensorboard"},
		never:   []string{"train", "export", "infer", "onnx", "fixtures", "cmd"},
		allowed: []string{"train/table", "train/atomicfile", "train/metrics", "train/numbers", "train/head"},
	},
	{trees: []string{"train", "export", "infer", "onnx"}, never: []string{cliPath}},
	{trees: []string{"infer/objects", "infer/rows"}, never: []string{"train", "export", "infer", "onnx", "fixtures", "cmd"}},
	// Object stores and Parquet are in builds with the tag cloud alone.
	{trees: []string{"cmd", "train", "export", "infer", "onnx", "fixtures"}, never: []string{"gocloud.dev",
		"github.com/aws", "github.com/Azure", "cloud.google.com/go", "google.golang.org/api", "github.com/parquet-go"}},
	// What makes load is in no program but the one that does.
	{trees: []string{"cmd", "train", "export", "infer", "onnx"}, never: []string{"github.com/tsenart/vegeta"}},
	{trees: []string{"cmd", "train", "export", "infer", "onnx"}, never: []string{"fixtures/golden", "fixtures/networks", "fixtures/beside",
		"fixtures/bucket", "fixtures/drawn", "fixtures/onnxruntime", "infer/backbone/torchfile/torchtest"}},
}

const (
	gorgoniaPath = "gorgonia.org"
	ortPath      = "github.com/yalue/onnxruntime_go"
	cliPath      = "github.com/urfave/cli"
)

func TestImportRules(t *testing.T) {
	// With the tags, so that files which need a library are looked at as well.
	out, err := exec.Command("go", "list", "-tags=onednn,libjpeg",
		"-f", "{{.ImportPath}} {{join .Deps \" \"}}", modulePath+"...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	seen := make([]bool, len(importRules))
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		pkg := strings.TrimPrefix(fields[0], modulePath)
		for i, rule := range importRules {
			if !under(pkg, rule.trees) || under(pkg, rule.except) {
				continue
			}
			seen[i] = true
			for _, dep := range fields[1:] {
				if dep = strings.TrimPrefix(dep, modulePath); under(dep, rule.never) && !under(dep, rule.allowed) {
					t.Errorf("%s reaches %s", pkg, dep)
				}
			}
		}
	}
	for i, rule := range importRules {
		if !seen[i] {
			t.Errorf("there is no package under %v: the rule checks nothing", rule.trees)
		}
	}
}

// under says whether path is one of the trees or below one.
func under(path string, trees []string) bool {
	for _, tree := range trees {
		if path == tree || strings.HasPrefix(path, tree+"/") {
			return true
		}
	}
	return false
}

// TestTheCommandImportsNoEngine: what trains and what answers is in the libraries,
// neither in package main nor in what its commands share.
func TestTheCommandImportsNoEngine(t *testing.T) {
	out, err := exec.Command("go", "list", "-tags=onednn,libjpeg", "-f", `{{join .Imports "\n"}}`,
		modulePath+"cmd/...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	never := []string{gorgoniaPath, ortPath, modulePath + "train/nn"}
	for path := range strings.Lines(string(out)) {
		if path = strings.TrimSpace(path); under(path, never) {
			t.Errorf("a package of cmd imports %s", path)
		}
	}
}
