package infer

import (
	"os"
	"testing"

	"github.com/flowerctl/flowerctl/fixtures/drawn"
	"github.com/flowerctl/flowerctl/fixtures/onnxruntime"
)

// BenchmarkOpen opens the model of drawn flowers, or the one that FLOWERCTL_MODEL names:
// its graph optimised each time, and kept from the time before.
func BenchmarkOpen(b *testing.B) {
	onnxruntime.Need(b)
	b.Setenv("XDG_CACHE_HOME", b.TempDir())
	model := drawn.Model()
	if path := os.Getenv("FLOWERCTL_MODEL"); path != "" {
		var err error
		if model, err = os.ReadFile(path); err != nil {
			b.Fatal(err)
		}
	}
	for _, bench := range []struct{ how, name string }{{"optimised", ""}, {"kept", "a model"}} {
		b.Run(bench.how, func(b *testing.B) {
			var o Options
			o.Session.Name = bench.name
			open := func() {
				c, err := New(model, o)
				if err != nil {
					b.Fatal(err)
				}
				if err := c.Close(); err != nil {
					b.Fatal(err)
				}
			}
			open()
			for b.Loop() {
				open()
			}
		})
	}
}
