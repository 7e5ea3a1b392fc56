package report

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/train/metrics"
)

// TestAThousandClassesMakeASmallReport: drawn whole, the picture has 100 MB.
func TestAThousandClassesMakeASmallReport(t *testing.T) {
	labels := make([]string, 1000)
	for i := range labels {
		labels[i] = fmt.Sprintf("class %d", i)
	}
	c := metrics.NewConfusion(labels)
	for i := range labels {
		c.Add(i, i)
	}
	for range 3 {
		c.Add(700, 900)
	}
	svg, err := confusionMatrix(c).SVG()
	if err != nil || len(svg) > 1<<20 {
		t.Errorf("the picture has %d bytes, %v", len(svg), err)
	}
	for _, want := range []string{"the 25 classes most confused, 975 left out", "class 700", "class 900"} {
		if !strings.Contains(string(svg), want) {
			t.Errorf("the picture does not say %q", want)
		}
	}
	var b bytes.Buffer
	if err := confusionTable(c).WriteCSV(&b); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(b.String(), "\n")
	if len(lines) != 1003 || lines[0] != "true,predicted,count" || lines[702] != "class 700,class 900,3" {
		t.Errorf("got %d lines, %q, %q", len(lines), lines[0], lines[702])
	}
	report, left := c.Report().Weakest(mostDrawn)
	if len(report.Classes) != 50 || left != 950 {
		t.Errorf("got %d classes, %d left out", len(report.Classes), left)
	}
	b.Reset()
	if err := scores(report, 3).WriteCSV(&b); err != nil || !strings.Contains(b.String(), "class 700,1.000,0.250,") {
		t.Errorf("got %v, %s", err, b.String())
	}
}
