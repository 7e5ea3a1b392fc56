package main

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/flowerctl/flowerctl/fixtures/colours"
	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/infer/ort"
	"github.com/flowerctl/flowerctl/train/arch"
	"github.com/flowerctl/flowerctl/train/checkpoint"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"flowerctl": main})
}

// TestScripts runs the stories in testdata. Each gets an empty home and cache of
// its own and no network but its own machine's. `exits N flowerctl ...` wants that
// exit code. $PROGRAMS is a folder with flowerctl alone. $ORT is the onnxruntime
// of whoever runs the tests; the condition [ort] says that there is one, and
// FLOWERCTL_REQUIRE=ort makes its absence a failure. [gpu]: there is an NVIDIA
// GPU.
func TestScripts(t *testing.T) {
	library := installedRuntime(t)
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireUniqueNames:  true,
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			home := filepath.Join(env.WorkDir, "home")
			programs, _, _ := strings.Cut(os.Getenv("PATH"), string(filepath.ListSeparator))
			env.Setenv("PROGRAMS", programs)
			env.Setenv("HOME", home)
			env.Setenv("XDG_CACHE_HOME", filepath.Join(home, "cache"))
			env.Setenv(envOffline, "1")
			env.Setenv("ORT", library)
			return os.MkdirAll(home, 0o755)
		},
		Condition: func(name string) (bool, error) {
			switch name {
			case "ort":
				return library != "", nil
			case "root":
				return os.Geteuid() == 0, nil
			case "gpu":
				return len(ort.Missing(ort.CUDAParts(ort.Library{})[:1])) == 0, nil
			}
			return false, fmt.Errorf("unknown condition %s", name)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "colours": writeColours, "paint": paint, "untrained": untrained,
		},
	})
}

// installedRuntime is the path of an onnxruntime, or "" where there is none.
func installedRuntime(t *testing.T) string {
	library, err := ort.Find(ort.BuildCPU)
	if err != nil && required("ort") {
		t.Fatal(err)
	}
	if err != nil {
		t.Logf("%v: scripts stop where they would need it", err)
	}
	return library.Path
}

// exits runs a program and wants the exit code given first.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM [ARGS...]")
	}
	got := "0"
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		got = strings.TrimPrefix(fmt.Sprint(err), "exit status ")
	}
	if got != args[0] {
		ts.Fatalf("got exit code %s, want %s", got, args[0])
	}
}

// required says whether FLOWERCTL_REQUIRE names a thing whose absence would
// otherwise skip tests.
func required(name string) bool {
	return slices.Contains(strings.Split(os.Getenv("FLOWERCTL_REQUIRE"), ","), name)
}

// writeColours writes a classifier of fixtures/colours: colours FILE [INPUT].
func writeColours(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: colours FILE [INPUT]")
	}
	in := colours.Bytes
	if len(args) == 2 {
		in = colours.Input(args[1])
	}
	m, err := colours.Model(in)
	ts.Check(err)
	data, err := m.Encode()
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), data, 0o644))
}

// paint writes PNG pictures of one colour: paint RRGGBB FILE...
func paint(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: paint RRGGBB FILE...")
	}
	var c color.NRGBA
	if _, err := fmt.Sscanf(args[0], "%02x%02x%02x", &c.R, &c.G, &c.B); err != nil {
		ts.Fatalf("%s: want RRGGBB: %v", args[0], err)
	}
	c.A = 255
	img := image.NewNRGBA(image.Rect(0, 0, 16, 12))
	draw.Draw(img, img.Bounds(), image.NewUniform(c), image.Point{}, draw.Src)
	for _, name := range args[1:] {
		path := ts.MkAbs(name)
		ts.Check(os.MkdirAll(filepath.Dir(path), 0o755))
		f, err := os.Create(path)
		ts.Check(err)
		ts.Check(png.Encode(f, img))
		ts.Check(f.Close())
	}
}

// untrained writes the best.ckpt of a run whose network has learnt nothing, and
// its split.csv: untrained DIR PATH,CLASS,PART...
func untrained(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: untrained DIR [PATH,CLASS,PART...]")
	}
	preset, err := arch.Find("tiny")
	ts.Check(err)
	spec, err := preset.Build(32, len(colours.Labels))
	ts.Check(err)
	weights, err := spec.NewWeights(1)
	ts.Check(err)
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o755))
	ts.Check(checkpoint.Save(filepath.Join(dir, "best.ckpt"), &checkpoint.Checkpoint{
		Spec: spec, Weights: weights, Labels: colours.Labels,
		Preprocess: imageprep.Config{Size: 32, Resize: imageprep.Stretch},
	}))
	split := "path,class,part,sha256\n"
	for i, row := range args[1:] {
		split += fmt.Sprintf("%s,%064x\n", row, i)
	}
	ts.Check(os.WriteFile(filepath.Join(dir, "split.csv"), []byte(split), 0o644))
}
