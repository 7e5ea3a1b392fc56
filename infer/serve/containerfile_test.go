package serve

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// instruction is one of a Containerfile, its lines joined.
type instruction struct{ name, rest string }

// exec reads a command that is written as a JSON list, which needs no shell: there is none
// in the image.
func (i instruction) exec(t *testing.T) (words []string) {
	t.Helper()
	if err := json.Unmarshal([]byte(i.rest[strings.Index(i.rest, "["):]), &words); err != nil {
		t.Errorf("%s %s: %v", i.name, i.rest, err)
	}
	return words
}

// parsed are the instructions of a Containerfile by stage.
func parsed(t *testing.T, path string) (stages [][]instruction) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text := regexp.MustCompile(`(?m)^#.*\n`).ReplaceAllString(string(data), "")
	text = strings.ReplaceAll(text, "\\\n", " ")
	known := strings.Fields("FROM RUN WORKDIR COPY ENV USER EXPOSE HEALTHCHECK STOPSIGNAL ENTRYPOINT CMD")
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		name, rest, _ := strings.Cut(line, " ")
		if !slices.Contains(known, name) || rest == "" {
			t.Errorf("%q is no instruction", line)
		}
		if name == "FROM" {
			stages = append(stages, nil)
		}
		if len(stages) == 0 {
			t.Fatalf("%q stands before FROM", line)
		}
		last := len(stages) - 1
		stages[last] = append(stages[last], instruction{name, rest})
	}
	return stages
}

func TestTheContainerfileCanBeRead(t *testing.T) {
	top := filepath.Join("..", "..")
	stages := parsed(t, filepath.Join(top, "deploy", "Containerfile"))
	if len(stages) != 2 {
		t.Fatalf("got %d stages, want 2", len(stages))
	}
	_, build, ok := strings.Cut(stages[0][0].rest, " AS ")
	if !ok {
		t.Errorf("the first stage has no name: %s", stages[0][0].rest)
	}
	want(t, stages[1][0].rest, "scratch")
	last := map[string]instruction{}
	for _, i := range stages[1] {
		last[i.name] = i
		if i.name == "RUN" {
			t.Errorf("RUN %s: there is nothing that could", i.rest)
		}
	}
	want(t, last["COPY"].rest, "--from="+build+" /rootfs/ /")
	want(t, last["USER"].rest, "65532:65532")
	want(t, strings.Join(last["ENTRYPOINT"].exec(t), " "), "/flowerctl")
	want(t, strings.Join(last["CMD"].exec(t), " "),
		"serve --addr 0.0.0.0:8080 --grpc-addr 0.0.0.0:8081")
	want(t, strings.Join(last["HEALTHCHECK"].exec(t), " "),
		"/flowerctl serve --check --addr 127.0.0.1:8080")
	want(t, last["EXPOSE"].rest, "8080 8081")
	for _, i := range stages[0] {
		if i.name != "RUN" || !strings.HasPrefix(i.rest, "deploy/") {
			continue
		}
		script, _, _ := strings.Cut(i.rest, " ")
		info, err := os.Stat(filepath.Join(top, script))
		if err != nil || info.Mode()&0o111 == 0 {
			t.Errorf("%s cannot be run: %v", script, err)
		}
	}
}
