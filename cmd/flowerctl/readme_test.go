package main

import (
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/cmd/internal/shell"
)

// TestREADMECommandsExist reads every flowerctl line of the README's code blocks
// as the program would: a command or flag that is not there fails.
func TestREADMECommandsExist(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(text)) {
		code, ok := strings.CutPrefix(line, "    ")
		if !ok {
			continue
		}
		code, _, _ = strings.Cut(strings.TrimPrefix(code, "$ "), " #")
		args := strings.Fields(code)
		if len(args) == 0 || args[0] != "flowerctl" && args[0] != "bin/flowerctl" {
			continue
		}
		n++
		if _, _, err := shell.Arrange(newApp(nil, io.Discard, io.Discard), args[1:]); err != nil {
			t.Errorf("README: %s: %v", strings.Join(args, " "), err)
		}
	}
	if n < 10 {
		t.Errorf("found %d commands in the README, want at least 10: is its form another?", n)
	}
}

// TestREADMENamesEveryPackage of those that programs import, but what is deeper in a tree
// than train/run.
func TestREADMENamesEveryPackage(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "| `") {
			table.WriteString(line)
		}
	}
	out, err := exec.Command("go", "list", modulePath+"train/...", modulePath+"export/...",
		modulePath+"infer/...", modulePath+"onnx/...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	for path := range strings.Lines(string(out)) {
		path = strings.TrimPrefix(strings.TrimSpace(path), modulePath)
		if strings.Count(path, "/") < 2 && !strings.Contains(table.String(), "`"+path+"`") {
			t.Errorf("the README's table of packages has no %s", path)
		}
	}
}
