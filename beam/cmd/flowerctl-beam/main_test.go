package main

import (
	"bytes"
	"errors"
	"flag"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/beam/predict"
)

func TestFlagsThatMeanNothingAreRefused(t *testing.T) {
	files := []string{"--manifest", "m.jsonl", "--out", "answers"}
	for want, args := range map[string][]string{
		"--manifest FILE is missing":                {"--out", "answers"},
		"--out DIR is missing":                      {"--manifest", "m.jsonl"},
		`got "photos", want flags only`:             append(files, "photos"),
		"--batch: got 0, want 1 to 1024":            append(files, "--batch", "0"),
		"--shards: got -1, want a number of shards": append(files, "--shards", "-1"),
		"--top: got 0, want 1 or more":              append(files, "--top", "0"),
		"--min-confidence: got NaN, want 0 to 1":    append(files, "--min-confidence", "NaN"),
		`--log-level: got "loud"`:                   append(files, "--log-level", "loud"),
		`--runner: got "direct", want prism, flink`: append(files, "--runner", "direct"),
		"flag provided but not defined: -shard":     append(files, "--shard", "0/2"),
	} {
		unset(t)
		err := parse(args)
		if err == nil {
			err = check()
		}
		var usage usageError
		if !errors.As(err, &usage) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", args, err, want)
		}
	}
}

// unset makes the flags what they are at the start.
func unset(t *testing.T) {
	t.Helper()
	for _, name := range append(slices.Clone(own), "runner") {
		f := flag.Lookup(name)
		if err := f.Value.Set(f.DefValue); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFlagsAreOptions(t *testing.T) {
	unset(t)
	t.Setenv("FLOWERCTL_MODEL", "env.onnx")
	err := parse([]string{"--manifest", "m.jsonl", "--out", "answers", "--shards", "7", "--batch", "5", "--top",
		"3", "--min-confidence", "0.5", "--allow-changed"})
	if err := errors.Join(err, check()); err != nil {
		t.Fatal(err)
	}
	o := options()
	given := o.Given("top") && o.Given("min-confidence") && !o.Given("model")
	o.Given, o.Begin = nil, nil
	want := predict.Options{Manifest: "m.jsonl", Dir: "answers", Model: "env.onnx", Shards: 7, Batch: 5, Top: 3,
		MinConfidence: 0.5, AllowChanged: true}
	if !reflect.DeepEqual(o, want) || !given {
		t.Errorf("got %+v, want %+v; given: %v", o, want, given)
	}
}

func TestHelpHasOurFlagsBeforeBeams(t *testing.T) {
	if err := parse([]string{"--help"}); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("--help: got %v", err)
	}
	var out bytes.Buffer
	usage(&out)
	ours, beams, found := strings.Cut(out.String(), "Beam's flags:")
	for _, name := range own {
		if !strings.Contains(ours, "  -"+name) {
			t.Errorf("the help has no --%s", name)
		}
	}
	for _, name := range []string{"runner", "endpoint", "experiments"} {
		if !found || !strings.Contains(beams, "  -"+name) || slices.Contains(own, name) {
			t.Errorf("the help has no --%s among Beam's flags", name)
		}
	}
}
