package onnx

import "testing"

// BenchmarkHostile times the files that take longest to refuse.
func BenchmarkHostile(b *testing.B) {
	for _, h := range hostiles(b) {
		if len(h.file) < 1<<20 {
			continue
		}
		b.Run(h.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if refuse(h.file) == nil {
					b.Fatal("not refused")
				}
			}
		})
	}
}
