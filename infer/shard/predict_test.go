package shard

import (
	"testing"

	"github.com/flowerctl/flowerctl/fixtures/colours"
	"github.com/flowerctl/flowerctl/fixtures/onnxruntime"
	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/answers"
	"github.com/flowerctl/flowerctl/onnx"
)

// TestPredictionsAreAsTheModelSays, unless an option is given.
func TestPredictionsAreAsTheModelSays(t *testing.T) {
	onnxruntime.Need(t)
	unknown := onnx.Property{Key: "unknown", Value: `{"confidence":0.25}`}
	several := onnx.Property{Key: "multi_label", Value: "true"}
	for _, c := range []struct {
		metadata       onnx.Property
		given          string
		format         answers.Format
		top, from, how string // of the job
	}{
		{metadata: unknown, top: "1", from: "0.25", how: "json"},
		{metadata: unknown, given: "top", format: answers.CSV, top: "2", from: "0.25", how: "csv"},
		{metadata: unknown, given: "min-confidence", format: answers.Text, top: "1", from: "0.5", how: "json"},
		{metadata: several, top: "3", from: "0", how: "json"},
		{metadata: several, given: "top", top: "2", from: "0", how: "json"},
	} {
		m, err := colours.Model(colours.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		m.Metadata = append(m.Metadata, c.metadata)
		data, err := m.Encode()
		if err != nil {
			t.Fatal(err)
		}
		file := &infer.File{Name: "colours.onnx", Data: data}
		classifier, err := file.Open(infer.Options{})
		if err != nil {
			t.Fatal(err)
		}
		job, how := Predictions(file, classifier, answers.Writer{Format: c.format, Top: 2, MinConfidence: 0.5},
			func(option string) bool { return option == c.given })
		if err := classifier.Close(); err != nil {
			t.Error(err)
		}
		if job.Settings["top"] != c.top || job.Settings["min-confidence"] != c.from || job.Format != c.how {
			t.Errorf("%+v: got %v, %s", c, job.Settings, job.Format)
		}
		if how.MultiLabel != (c.metadata == several) || string(how.Format) != c.how {
			t.Errorf("%+v: got %+v", c, how)
		}
		if job.Model != Hash(file.Data) || job.Name != file.Name || job.Kind != Predict {
			t.Errorf("got %+v", job)
		}
	}
}
