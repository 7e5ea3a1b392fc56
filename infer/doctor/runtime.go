package doctor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/flowerctl/flowerctl/infer/ort"
	"github.com/flowerctl/flowerctl/infer/ort/cuda"
	"github.com/flowerctl/flowerctl/infer/ort/install"
)

// Runtime compares the files of the onnxruntime that the device needs with those that
// were installed, loads it, and runs a model in it.
func Runtime(ctx context.Context, device ort.Device) Finding {
	status := ort.StatusOf(device.Build())
	library, err := status.Library, status.Err
	if err == nil {
		library, err = ort.Load(library)
	}
	if err == nil {
		err = ort.SelfTest(ctx)
	}
	if err != nil {
		return Finding{Name: "onnxruntime", State: Failed, Reason: RuntimeBroken, Err: err}
	}
	detail := fmt.Sprintf("%s (%s), %s", library.Version, providers(library), library.Path)
	if sum := library.Files[filepath.Base(library.Path)]; sum != "" {
		detail += ", SHA-256 as installed: " + sum[:min(12, len(sum))]
	}
	return Finding{Name: "onnxruntime", State: Well, Detail: detail}
}

// providers are what the library computes on.
func providers(library install.Library) string {
	cpu := ort.Device{}.Provider()
	if info, err := os.Stat(library.Providers()[0]); err == nil && info.Mode().IsRegular() {
		return ort.Device{CUDA: true}.Provider() + ", " + cpu
	}
	return cpu
}

// GPU lists what CUDA needs. Without a GPU that is one finding, unless the GPU is
// what was asked for.
func GPU(wanted bool) []Finding {
	bad := Noted
	if wanted {
		bad = Failed
	}
	library, err := install.Find(install.BuildCUDA)
	if err != nil && !errors.Is(err, install.ErrNotInstalled) {
		return []Finding{{Name: "CUDA", State: bad, Reason: RuntimeBroken, Err: err}}
	}
	parts := cuda.Parts(library)
	if parts[0].Problem != "" && !wanted {
		return []Finding{{Name: "GPU", State: Noted,
			Detail: "not used: " + parts[0].Name + ": " + parts[0].Problem}}
	}
	var findings []Finding
	for _, p := range parts {
		f := Finding{Name: p.Name, State: Well, Detail: p.Found}
		if p.Problem != "" {
			f = Finding{Name: p.Name, State: bad, Reason: PartMissing, Detail: p.Problem, Part: p}
		}
		findings = append(findings, f)
	}
	return findings
}
