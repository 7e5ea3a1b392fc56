package naive_test

import (
	"testing"

	"github.com/flowerctl/flowerctl/train/nn/kernel"
	"github.com/flowerctl/flowerctl/train/nn/kernel/kerneltest"
	"github.com/flowerctl/flowerctl/train/nn/kernel/naive"
)

func TestConformance(t *testing.T) {
	kerneltest.Run(t, func(int) (kernel.Engine[float64], error) { return naive.New[float64](), nil })
}

func TestConformanceInFloat32(t *testing.T) {
	kerneltest.Run(t, func(int) (kernel.Engine[float32], error) { return naive.New[float32](), nil })
}
