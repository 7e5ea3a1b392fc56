package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/infer/machine"
	"github.com/flowerctl/flowerctl/infer/ort"
	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/run"
)

func examineKernels() finding {
	f := finding{Name: "kernels", State: well, Detail: run.Kernels()}
	if strings.HasPrefix(f.Detail, "go") {
		f.State, f.Detail = noted, f.Detail+": training works, more slowly than with oneDNN"
		f.Remedy = "apt-get install libdnnl-dev, then make build"
	}
	return f
}

func examinePictures() finding {
	decoder, resizer := imageprep.Engines()
	f := finding{Name: "pictures", State: well, Detail: "JPEG read by " + decoder + ", resized by " + resizer}
	if decoder == "go" {
		f.State, f.Detail = noted, f.Detail+": the same pixels, more slowly than with libjpeg-turbo"
		f.Remedy = "apt-get install libjpeg-dev, then make build"
	}
	return f
}

// examineRuntime compares the library's files with their hashes, loads it, and
// runs a model in it.
func examineRuntime(ctx context.Context, device ort.Device) finding {
	state := stateOf(device.Build())
	if state.Error != "" {
		return finding{"onnxruntime", failed, oneLine(state.err), remedy(state.err, device.Build())}
	}
	library, err := ort.Load(state.Library)
	if err == nil {
		err = selfTest(ctx)
	}
	if err != nil {
		return finding{"onnxruntime", failed, oneLine(err), remedy(err, device.Build())}
	}
	detail := fmt.Sprintf("%s (%s), %s", library.Version, providers(library), library.Path)
	for _, sum := range library.Files {
		detail += ", SHA-256 as installed: " + sum[:12]
		break
	}
	return finding{Name: "onnxruntime", State: well, Detail: detail}
}

// providers are what the library computes on.
func providers(library ort.Library) string {
	if isFile(library.Providers()[0]) {
		return ort.Device{CUDA: true}.Provider() + ", " + ort.Device{}.Provider()
	}
	return ort.Device{}.Provider()
}

// selfTest runs the smallest of models: y = -x.
func selfTest(ctx context.Context) (err error) {
	one := onnx.Known(1)
	m := onnx.Model{IRVersion: 8, Opsets: []onnx.Opset{{Version: 18}}, Graph: onnx.Graph{
		Name:    "selftest",
		Inputs:  []onnx.ValueInfo{onnx.TensorInfo("x", onnx.Float32, one)},
		Outputs: []onnx.ValueInfo{onnx.TensorInfo("y", onnx.Float32, one)},
		Nodes:   []onnx.Node{{Name: "negate", Op: "Neg", Inputs: []string{"x"}, Outputs: []string{"y"}}},
	}}
	data, err := m.Encode()
	if err != nil {
		return err
	}
	session, err := ort.NewSession(data, ort.Options{})
	if err != nil {
		return err
	}
	defer closing(&err, session.Close)
	out, err := session.Run(ctx, map[string]onnx.Tensor{"x": {Shape: []int{1}, Data: []float32{2}}})
	if err == nil && (len(out["y"].Data) != 1 || out["y"].Data[0] != -2) {
		err = fmt.Errorf("a model that negates 2 answers %v", out["y"].Data)
	}
	return err
}

// examineModel says which model predict would take, and opens it where there is an
// onnxruntime for that. To have none is no fault before the first training.
func examineModel(usable bool) finding {
	path, from, mend := os.Getenv(envModel), ", from "+envModel, "unset "+envModel+", or name an ONNX file"
	if path == "" {
		path, from, mend = "model.onnx", " in this folder", "flowerctl export model.onnx --force, or --model names another file"
	}
	file, err := readModelFile(path)
	if errors.Is(err, fs.ErrNotExist) && os.Getenv(envModel) == "" {
		return finding{"model", noted, "the built-in one, which knows drawn flowers",
			"flowerctl train --data photos/ && flowerctl export model.onnx"}
	}
	if err != nil {
		return finding{"model", failed, err.Error(), mend}
	}
	if !usable {
		return finding{Name: "model", State: noted, Detail: path + from + ": not opened, for want of onnxruntime"}
	}
	classifier, err := infer.New(file, infer.Options{})
	switch {
	case err == nil:
		err = classifier.Close()
	case errors.Is(err, infer.ErrNoLabels):
		return finding{"model", noted, path + from + ": " + err.Error(), "flowerctl predict --labels FILE, with the classes one a line"}
	case errors.Is(err, infer.ErrNoSize):
		return finding{"model", noted, path + from + ": " + err.Error(), "flowerctl predict --size PIXELS"}
	}
	if err != nil {
		return finding{"model", failed, path + from + ": " + oneLine(err), mend}
	}
	return finding{Name: "model", State: well, Detail: path + from}
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// examineGPU lists what CUDA needs. Without a GPU that is one line, unless the
// GPU is what was asked for.
func examineGPU(wanted bool) []finding {
	bad := noted
	if wanted {
		bad = failed
	}
	library, err := ort.Find(ort.BuildCUDA)
	if err != nil && !errors.Is(err, ort.ErrNotInstalled) {
		return []finding{{"CUDA", bad, oneLine(err), remedy(err, ort.BuildCUDA)}}
	}
	parts := ort.CUDAParts(library)
	if parts[0].Problem != "" && !wanted {
		return []finding{{Name: "GPU", State: noted, Detail: "not used: " + parts[0].Name + ": " + parts[0].Problem}}
	}
	var findings []finding
	for _, p := range parts {
		f := finding{Name: p.Name, State: well, Detail: p.Found}
		if p.Problem != "" {
			f = finding{p.Name, bad, p.Problem, p.Remedy}
		}
		findings = append(findings, f)
	}
	return findings
}

// Below these, training or an installation fails: a v7-base step at batch 32
// takes about a GiB, and onnxruntime 140 MiB on its way into the cache.
const (
	enoughMemory = 1 << 30
	enoughDisk   = 256 << 20
)

func examineMemory() finding {
	free, ok := machine.FreeMemory()
	if !ok {
		return finding{Name: "memory", State: noted, Detail: "not known: this system does not say how much is free"}
	}
	f := finding{Name: "memory", State: well, Detail: machine.GiB(free) + " free"}
	if free < enoughMemory {
		f.State, f.Remedy = noted, "train with a smaller --batch, or close other programs"
	}
	return f
}

// examineDisk looks at the folder into which libraries are installed: there must
// be room, and it must be ours to write. Where onnxruntime is usable already that is
// only worth knowing.
func examineDisk(usable bool) finding {
	bad := failed
	if usable {
		bad = noted
	}
	dir, err := ort.CacheDir()
	if err != nil {
		return finding{"cache folder", bad, err.Error(), "set HOME or XDG_CACHE_HOME"}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return finding{"cache folder", bad, plainText(err), "set XDG_CACHE_HOME to a folder of yours"}
	}
	probe, err := os.CreateTemp(dir, ".doctor-")
	if err != nil {
		return finding{"cache folder", bad, plainText(err), "set XDG_CACHE_HOME to a folder of yours"}
	}
	err = errors.Join(probe.Close(), os.Remove(probe.Name()))
	free, freeErr := machine.FreeDisk(dir)
	if err = errors.Join(err, freeErr); err != nil {
		return finding{Name: "cache folder", State: noted, Detail: dir + ": " + oneLine(err)}
	}
	f := finding{Name: "cache folder", State: well, Detail: fmt.Sprintf("%s, %s free", dir, machine.GiB(free))}
	if free < enoughDisk {
		f.State, f.Remedy = bad, "make room, or set XDG_CACHE_HOME to a folder on another disk"
	}
	return f
}
