// Package generic is the engine in Go and Go assembly, for float32 and float64.
//
// It has no dependency beyond this module and golang.org/x/sys, so it is the
// engine of every build that has no other. The layers are in files of their
// names; the inner loops are those of packages gemm and vector below it. It
// never imports another engine. Start at [New], then conv.go.
package generic

import (
	"fmt"
	"runtime"

	"github.com/flowerctl/flowerctl/train/nn/kernel"
	"github.com/flowerctl/flowerctl/train/nn/kernel/generic/gemm"
)

type engine[T kernel.Float] struct {
	core[T]
	elementwise[T]
}

// New returns an engine with that many threads; 0 or less means as many as Go
// uses. For float32 the products of matrices are in assembly if the processor
// has AVX2 or AVX-512 (package gemm). The same inputs and the same number of
// threads give the same bits.
func New[T kernel.Float](threads int) kernel.Engine[T] {
	if threads <= 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	return newEngine(threads, gemm.Best[T]())
}

func newEngine[T kernel.Float](threads int, k gemm.Kernel[T]) *engine[T] {
	w := newWorkers(threads)
	return &engine[T]{
		core: core[T]{workers: w, gemm: k, scratch: newScratch[T](threads),
			low: &rounding[T]{workers: w}},
		elementwise: elementwise[T]{workers: w},
	}
}

func (e *engine[T]) Name() string { return "go" }
func (e *engine[T]) Threads() int { return e.core.workers.n }

func (e *engine[T]) Close() error {
	e.core.workers.close()
	return nil
}

func (e *engine[T]) Conv(s kernel.ConvShape) (kernel.Conv[T], error) {
	if err := s.Check(); err != nil {
		return nil, fmt.Errorf("kernel: %v: %w", s, err)
	}
	return newConv(&e.core, s), nil
}

func (e *engine[T]) Dense(s kernel.DenseShape) (kernel.Dense[T], error) {
	if err := s.Check(); err != nil {
		return nil, fmt.Errorf("kernel: %v: %w", s, err)
	}
	return newDense(&e.core, s), nil
}

func (e *engine[T]) BatchNorm(s kernel.BatchNormShape) (kernel.BatchNorm[T], error) {
	if err := s.In.Check(); err != nil {
		return nil, fmt.Errorf("kernel: %v: %w", s, err)
	}
	return newBatchNorm[T](e.core.workers, s), nil
}

func (e *engine[T]) MaxPool(s kernel.PoolShape) (kernel.MaxPool[T], error) {
	if err := s.Window.Check(s.In); err != nil {
		return nil, fmt.Errorf("kernel: %v: %w", s, err)
	}
	return newMaxPool[T](e.core.workers, s), nil
}

func (e *engine[T]) AvgPool(s kernel.PoolShape) (kernel.AvgPool[T], error) {
	if err := s.Window.Check(s.In); err != nil {
		return nil, fmt.Errorf("kernel: %v: %w", s, err)
	}
	return newAvgPool[T](e.core.workers, s), nil
}

func (e *engine[T]) GlobalAvgPool(s kernel.ImageShape) (kernel.AvgPool[T], error) {
	return e.AvgPool(kernel.GlobalPool(s))
}
