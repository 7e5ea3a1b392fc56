package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestMakeFuzzWithoutATargetFails: a name that was misspelt is no run without a finding.
func TestMakeFuzzWithoutATargetFails(t *testing.T) {
	make, err := exec.LookPath("make")
	if err != nil {
		t.Skip("no make")
	}
	for _, c := range []struct{ packages, fuzz, want string }{
		{"./train/permanent", ".", "no fuzz target of PACKAGES=./train/permanent has a name with FUZZ=.\n"},
		{"./onnx", "Nothing", "no fuzz target of PACKAGES=./onnx has a name with FUZZ=Nothing\n"},
		{"./nowhere", ".", "nowhere"},
	} {
		cmd := exec.Command(make, "--no-print-directory", "-C", "../..", "fuzz", "PACKAGES="+c.packages, "FUZZ="+c.fuzz,
			"FUZZTIME=1x")
		cmd.Env = append(os.Environ(), "MAKEFLAGS=", "MFLAGS=") // not those of a make around the test
		out, err := cmd.CombinedOutput()
		if err == nil || !strings.Contains(string(out), c.want) {
			t.Errorf("%s, %s: got %v, %s", c.packages, c.fuzz, err, out)
		}
	}
}
