package infer

import (
	"testing"

	"github.com/flowerctl/flowerctl/fixtures/colours"
	"github.com/flowerctl/flowerctl/fixtures/onnxruntime"
	"github.com/flowerctl/flowerctl/onnx"
)

func TestAFileSaysBelowWhatAnAnswerIsUnknown(t *testing.T) {
	onnxruntime.Need(t)
	if c := mustOpen(t, colours.Bytes, Options{}); c.UnknownBelow() != 0 {
		t.Errorf("got %g of a file that says nothing", c.UnknownBelow())
	}
	m := model(t, colours.Bytes)
	m.Metadata = append(m.Metadata, onnx.Property{Key: "unknown", Value: `{"confidence":0.75,"wanted":0.9}`})
	c, err := open(m, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if c.UnknownBelow() != 0.75 {
		t.Errorf("got %g, want 0.75", c.UnknownBelow())
	}
	m.Metadata[len(m.Metadata)-1].Value = `{"confidence":7}`
	if _, err := open(m, Options{}); err == nil {
		t.Error("a probability of 7 is taken")
	}
}
