package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/infer/ort/cuda"
	"github.com/flowerctl/flowerctl/infer/ort/install"
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
func TestScripts(t *testing.T) { testscript.Run(t, scripts(t, "testdata")) }

// scripts are the stories of a folder.
func scripts(t *testing.T, dir string) testscript.Params {
	library := installedRuntime(t)
	return testscript.Params{
		Dir:                 dir,
		RequireUniqueNames:  true,
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			home := filepath.Join(env.WorkDir, "home")
			programs, _, _ := strings.Cut(os.Getenv("PATH"), string(filepath.ListSeparator))
			env.Setenv("PROGRAMS", programs)
			env.Setenv("HOME", home)
			env.Setenv("XDG_CACHE_HOME", filepath.Join(home, "cache"))
			env.Setenv(shell.EnvOffline, "1")
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
				return len(cuda.Missing(cuda.Parts(install.Library{})[:1])) == 0, nil
			}
			return false, fmt.Errorf("unknown condition %s", name)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "colours": writeColours, "paint": paint, "untrained": untrained, "fakecuda": fakeCUDA, "orientations": orientations,
			"besides": splitWeights, "serve": serveFolder, "identity": identity, "vit": writeViT, "damage": damage, "shard": writeShard,
		},
	}
}

// installedRuntime is the path of an onnxruntime, or "" where there is none.
func installedRuntime(t *testing.T) string {
	library, err := install.Find(install.BuildCPU)
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

// brief says that another build ran all tests before: those that train for long or
// stop many processes then do less of it.
func brief() bool { return os.Getenv("FLOWERCTL_BRIEF") != "" }
