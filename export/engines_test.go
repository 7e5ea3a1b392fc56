package export_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/export"
	"github.com/flowerctl/flowerctl/fixtures/networks"
	"github.com/flowerctl/flowerctl/fixtures/onnxruntime"
	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/infer/ort"
	"github.com/flowerctl/flowerctl/train/data/flowers"
)

// What other engines are found by: a Python with numpy, onnxruntime, openvino and
// opencv-python-headless, and a node_modules folder with onnxruntime-web for node. A
// folder of photographs takes the place of drawn flowers.
const (
	envEngines = "FLOWERCTL_ENGINES_PYTHON"
	envWeb     = "FLOWERCTL_ENGINES_WEB"
	envPhotos  = "PHOTOGRAPHS"
)

// engineCase is a file and what runs through it.
type engineCase struct {
	Model    string          `json:"model"`
	Pictures []enginePicture `json:"pictures"`
	want     [][]float32     // logits of the pictures as imageprep prepares them
}

type enginePicture struct {
	File string `json:"file"`
	W    int    `json:"w"`
	H    int    `json:"h"`
}

// TestEveryEngineAnswersAlike for pictures larger than the network, which the file
// resizes: the logits are within 1e-3 of their scale of those for pictures that
// imageprep has resized.
//
//	python3 -m venv /tmp/engines
//	/tmp/engines/bin/pip install numpy onnxruntime openvino opencv-python-headless
//	npm install --prefix /tmp/engines onnxruntime-web
//	FLOWERCTL_ENGINES_PYTHON=/tmp/engines/bin/python FLOWERCTL_ENGINES_WEB=/tmp/engines/node_modules \
//	    go test ./export -run TestEveryEngine -v
func TestEveryEngineAnswersAlike(t *testing.T) {
	onnxruntime.Need(t)
	python, web := os.Getenv(envEngines), os.Getenv(envWeb)
	if python == "" && web == "" {
		t.Skipf("$%s names no Python with OpenVINO and OpenCV, $%s no folder of onnxruntime-web",
			envEngines, envWeb)
	}
	folder := t.TempDir()
	cases := engineCases(t, folder)
	if python != "" {
		script := filepath.Join("testdata", "engines.py")
		for _, engine := range []string{"onnxruntime", "openvino", "opencv"} {
			compareEngine(t, engine, cases, exec.Command(python, script, engine, folder))
		}
	}
	if web != "" {
		compareEngine(t, "onnxruntime-web", cases,
			exec.Command("node", filepath.Join("testdata", "engines.mjs"), folder, web))
	}
}

// engineCases writes five networks, one of which crops, and their pictures.
func engineCases(t *testing.T, folder string) []*engineCase {
	t.Helper()
	pictures := enginePictures(t)
	files := make([]enginePicture, len(pictures))
	for i, img := range pictures {
		files[i] = enginePicture{fmt.Sprintf("%d.rgb", i), img.W, img.H}
		write(t, filepath.Join(folder, files[i].File), img.Pix)
	}
	var cases []*engineCase
	for _, name := range []string{"tiny", "v7-batchnorm", "resnet-small", "v7-gap", "v2-basic"} {
		c := networks.Preset(t, name, 0)
		if name == "tiny" {
			c.Preprocess.Resize = imageprep.Crop
		}
		m, err := export.Model(c, export.Options{})
		if err != nil {
			t.Fatal(err)
		}
		file, err := m.Encode()
		if err != nil {
			t.Fatal(err)
		}
		k := &engineCase{Model: name + ".onnx", Pictures: files}
		write(t, filepath.Join(folder, k.Model), file)
		session, err := ort.NewSession(file, ort.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, img := range pictures {
			img = c.Preprocess.Apply(img)
			out, err := session.RunImages(t.Context(), img.Pix, 1, img.H, img.W)
			if err != nil {
				t.Fatal(err)
			}
			k.want = append(k.want, out[export.Logits].Data)
		}
		if err := session.Close(); err != nil {
			t.Fatal(err)
		}
		cases = append(cases, k)
	}
	list, err := json.Marshal(cases)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(folder, "cases.json"), list)
	return cases
}

// enginePictures are 200 photographs, or some drawings.
func enginePictures(t *testing.T) []imageprep.Image {
	t.Helper()
	var pictures []imageprep.Image
	folder := os.Getenv(envPhotos)
	if folder == "" {
		for i, size := range []int{401, 230, 512, 333, 640} {
			pictures = append(pictures, flowers.Draw(flowers.Kind(i), uint64(i), size))
		}
		wide := pictures[4] // every other shape than a square
		wide.H = 395
		wide.Pix = wide.Pix[:3*wide.W*wide.H]
		return append(pictures, wide)
	}
	const wanted = 200
	files, err := filepath.Glob(filepath.Join(folder, "*", "*.jpg"))
	if err != nil || len(files) < wanted {
		t.Fatalf("%s: got %d files */*.jpg (%v), want %d", folder, len(files), err, wanted)
	}
	for i := range wanted {
		img, err := new(imageprep.Decoder).Decode(imageprep.File(files[i*len(files)/wanted]))
		if err != nil {
			t.Fatal(err)
		}
		pictures = append(pictures, img)
	}
	return pictures
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

// compareEngine runs a script that answers a version, then logits for each case.
func compareEngine(t *testing.T, engine string, cases []*engineCase, script *exec.Cmd) {
	t.Helper()
	var messages bytes.Buffer
	script.Stderr = &messages
	out, err := script.Output()
	if err != nil {
		t.Errorf("%s: %v: %s", engine, err, strings.TrimSpace(messages.String()))
		return
	}
	answers := json.NewDecoder(bytes.NewReader(out))
	var version string
	if err := answers.Decode(&version); err != nil {
		t.Fatalf("%s: %v", engine, err)
	}
	for _, k := range cases {
		var got struct {
			Model  string      `json:"model"`
			Logits [][]float64 `json:"logits"`
		}
		if err := answers.Decode(&got); err != nil || got.Model != k.Model || len(got.Logits) != len(k.want) {
			t.Fatalf("%s: %s: got %s with %d answers (%v)", engine, k.Model, got.Model, len(got.Logits), err)
		}
		scale, apart, same := 0.0, 0.0, 0
		for i, want := range k.want {
			if len(got.Logits[i]) != len(want) {
				t.Fatalf("%s: %s: got %d logits, want %d", engine, k.Model, len(got.Logits[i]), len(want))
			}
			best := 0
			for j, v := range want {
				d := math.Abs(got.Logits[i][j] - float64(v))
				if math.IsNaN(d) {
					d = math.Inf(1)
				}
				scale, apart = max(scale, math.Abs(float64(v))), max(apart, d)
				if v > want[best] {
					best = j
				}
			}
			if got.Logits[i][best] >= slices.Max(got.Logits[i]) {
				same++
			}
		}
		t.Logf("%s %s: %s: the same answer for %d of %d pictures, logits within %.0e of scale",
			engine, version, k.Model, same, len(k.want), apart/scale)
		if same != len(k.want) || !(apart <= 1e-3*scale) {
			t.Errorf("%s: %s: want the same answers and logits within 1e-3", engine, k.Model)
		}
	}
}
