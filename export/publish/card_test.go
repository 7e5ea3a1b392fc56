package publish

import (
	"slices"
	"testing"

	"github.com/flowerctl/flowerctl/export/card"
	"github.com/flowerctl/flowerctl/export/verify"
	"github.com/flowerctl/flowerctl/infer/signed"
)

func TestReportAndCardAreSigned(t *testing.T) {
	for _, suffix := range []string{verify.ReportPath(""), card.MarkdownPath(""), card.CycloneDXPath("")} {
		if !slices.Contains(signed.Suffixes, suffix) {
			t.Errorf("a signature leaves out FILE%s", suffix)
		}
	}
}
