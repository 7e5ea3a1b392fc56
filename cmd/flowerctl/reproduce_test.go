package main

import (
	"flag"
	"testing"

	"github.com/urfave/cli/v2"
)

func TestEveryRowOfTheStudyCanBeRun(t *testing.T) {
	if len(studyRows) != 23 {
		t.Errorf("%d rows, want 23", len(studyRows))
	}
	c := cli.NewContext(cli.NewApp(), flag.NewFlagSet("", flag.ContinueOnError), nil)
	seen := map[string]bool{}
	for _, r := range studyRows {
		if seen[r.name()] {
			t.Errorf("%s: two rows", r.name())
		}
		seen[r.name()] = true
		p, err := resolve(r.settings(c))
		if err != nil {
			t.Errorf("%s: %v", r.name(), err)
			continue
		}
		if p.LR != 1e-3 || p.Epochs != r.Limit || p.Patience != r.Patience || p.Batch != r.Batch {
			t.Errorf("%s: runs with %+v", r.name(), p.settings)
		}
	}
}
