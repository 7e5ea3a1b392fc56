package tensorboard

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/flowerctl/flowerctl/fixtures/golden"
)

// TestFilesAreThoseOfTensorBoardsOwnWriter, byte for byte.
func TestFilesAreThoseOfTensorBoardsOwnWriter(t *testing.T) {
	want, err := golden.Read[struct{ File []byte }]("events.json")
	check(t, err)
	w := mustCreate(t, t.TempDir())
	rate := 0.001
	check(t,
		w.Text("settings", "| a | ü |"),
		w.Hyperparameters([]Setting{{"lr", Value{Number: &rate}}}),
		w.Scalars(300, Scalar{"epoch/loss", 1.1}, Scalar{"epoch/accuracy", math.Inf(1)}),
		w.Restart(301),
		w.Scalars(1<<40, Scalar{"epoch/loss", 0}))
	got, err := os.ReadFile(w.path)
	check(t, err)
	if !bytes.Equal(got, want.File) {
		t.Errorf("got\n%q, want\n%q", got, want.File)
	}
}

// envPython names a Python with the package tensorboard.
const envPython = "FLOWERCTL_TENSORBOARD_PYTHON"

// accumulator prints what TensorBoard has read of a folder: steps and values by tag.
const accumulator = `
import json, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
a = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0})
a.Reload()
print(json.dumps({t: [[e.step, e.value] for e in a.Scalars(t)] for t in a.Tags()["scalars"]}))
`

// TestTensorBoardReadsTheSame of a file that ends within a record and one that goes on.
//
//	python3 -m venv venv && venv/bin/pip install tensorboard
//	FLOWERCTL_TENSORBOARD_PYTHON=$PWD/venv/bin/python go test ./train/tensorboard -v
func TestTensorBoardReadsTheSame(t *testing.T) {
	python := os.Getenv(envPython)
	if python == "" {
		t.Skipf("$%s names no Python with the package tensorboard", envPython)
	}
	dir := t.TempDir()
	w := mustCreate(t, dir)
	check(t, w.Text("settings", "| a |"))
	for step := range int64(10) {
		check(t, w.Scalars(step+1, Scalar{"step/loss", 1 / float64(step+1)}))
	}
	check(t, w.Scalars(2, Scalar{"epoch/loss", 0.3}), os.Truncate(w.path, w.size-5))
	w = mustCreate(t, dir)
	check(t, w.Scalars(2, Scalar{"epoch/loss", 0.4}), w.Restart(7),
		w.Scalars(7, Scalar{"step/loss", -1}, Scalar{"step/lr", 1e-30}))
	out, err := exec.Command(python, "-c", accumulator, filepath.Dir(w.path)).Output()
	check(t, err)
	var got map[string][][2]float64
	check(t, json.Unmarshal(out, &got))
	single := func(v float64) float64 { return float64(float32(v)) }
	want := map[string][][2]float64{"epoch/loss": {{2, single(0.4)}}, "step/lr": {{7, single(1e-30)}}}
	for step := range 6 {
		want["step/loss"] = append(want["step/loss"],
			[2]float64{float64(step + 1), single(1 / float64(step+1))})
	}
	want["step/loss"] = append(want["step/loss"], [2]float64{7, -1})
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
