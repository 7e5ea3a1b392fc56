package report

import (
	"bytes"
	"strings"
	"testing"
)

func TestReportSaysWhereARunWentBack(t *testing.T) {
	r := sample(t, "v7-batchnorm", 4)
	page := func() string {
		var b bytes.Buffer
		if err := r.html(&b, nil); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	if got := page(); strings.Contains(got, "went back") {
		t.Error("a run that never went back is said to have")
	}
	r.Outcome.Rollbacks, r.Outcome.History[1].Rollbacks, r.Outcome.History[3].Rollbacks = 3, 1, 2
	want := "Values were not finite in epoch 2, 4 (2 times): the run went back to its last good " +
		"checkpoint 3 times,"
	if got := page(); !strings.Contains(got, want) {
		t.Errorf("want %q in %s", want, got[:3000])
	}
}
