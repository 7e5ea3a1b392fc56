package evaluate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/train/metrics"
)

func TestTheTextOfAThousandClassesIsShort(t *testing.T) {
	labels := make([]string, 1000)
	for i := range labels {
		labels[i] = fmt.Sprintf("c%d", i)
	}
	c := metrics.NewConfusion(labels)
	for i := range labels {
		c.Add(i, (i+1)%1000)
	}
	c.Add(500, 501)
	r := &Result{Labels: labels}
	r.finish(c, 0)
	var b bytes.Buffer
	if err := r.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(b.String(), "\n"); lines > 80 {
		t.Errorf("got %d lines, want 80 at most", lines)
	}
	for _, want := range []string{"970 others left out)\n\nconf", "c500, taken for c501  2", "weighted avg",
		"(the most frequent; 970 others left out)"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("want %q in\n%s", want, b.String())
		}
	}
	text, err := json.Marshal(r)
	if err != nil || !bytes.Contains(text, []byte(`"confusion":null`)) ||
		!bytes.Contains(text, []byte(`{"true":"c500","predicted":"c501","count":2}`)) {
		t.Errorf("got %v, %.300s", err, text)
	}
}
