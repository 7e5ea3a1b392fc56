package generic

import (
	"testing"

	"github.com/flowerctl/flowerctl/train/nn/kernel"
	"github.com/flowerctl/flowerctl/train/nn/kernel/generic/gemm"
	"github.com/flowerctl/flowerctl/train/nn/kernel/kerneltest"
)

func TestConformance(t *testing.T) {
	kerneltest.Run(t, func(threads int) (kernel.Engine[float64], error) {
		return New[float64](threads), nil
	})
}

// Every matrix product that this processor runs, not only the fastest.
func TestConformanceInFloat32(t *testing.T) {
	for _, k := range gemm.All[float32]() {
		t.Run(k.Name, func(t *testing.T) {
			kerneltest.Run(t, func(threads int) (kernel.Engine[float32], error) {
				return newEngine(threads, k), nil
			})
		})
	}
}

func TestPassesDoNotAllocate(t *testing.T) {
	e := New[float32](2)
	defer e.Close()
	kerneltest.NoAllocations(t, e)
}
