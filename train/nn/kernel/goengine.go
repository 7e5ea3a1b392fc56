package kernel

import (
	"fmt"
	"runtime"

	"github.com/flowerctl/flowerctl/train/nn/kernel/gemm"
)

// goEngine is the engine in plain Go; the layers are in files of their names.
type goEngine[T Float] struct {
	goCore[T]
	goElementwise[T]
}

// NewGo returns the engine in Go, with that many threads: 0 or less means as
// many as Go uses. For float32 the products of matrices are in assembly where
// the processor has AVX2 or AVX-512 (package gemm). Same inputs and same number
// of threads give the same bits.
func NewGo[T Float](threads int) Engine[T] {
	if threads <= 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	return newGoEngine(threads, gemm.Best[T]())
}

func newGoEngine[T Float](threads int, k gemm.Kernel[T]) *goEngine[T] {
	w := newWorkers(threads)
	return &goEngine[T]{
		goCore:        goCore[T]{workers: w, kernel: k, scratch: newScratch[T](threads)},
		goElementwise: goElementwise[T]{workers: w},
	}
}

func (e *goEngine[T]) Name() string { return "go" }
func (e *goEngine[T]) Threads() int { return e.goCore.workers.n }

func (e *goEngine[T]) Close() error {
	e.goCore.workers.close()
	return nil
}

func (e *goEngine[T]) Conv(s ConvShape) (Conv[T], error) {
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("kernel: %v: %w", s, err)
	}
	return newConv(&e.goCore, s), nil
}

func (e *goEngine[T]) Dense(s DenseShape) (Dense[T], error) {
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("kernel: %v: %w", s, err)
	}
	return newDense(&e.goCore, s), nil
}

func (e *goEngine[T]) BatchNorm(s BatchNormShape) (BatchNorm[T], error) {
	if err := s.In.check(); err != nil {
		return nil, fmt.Errorf("kernel: %v: %w", s, err)
	}
	return newBatchNorm[T](e.goCore.workers, s), nil
}

func (e *goEngine[T]) MaxPool(s PoolShape) (MaxPool[T], error) {
	if err := s.Window.check(s.In); err != nil {
		return nil, fmt.Errorf("kernel: %v: %w", s, err)
	}
	return newMaxPool[T](e.goCore.workers, s), nil
}

func (e *goEngine[T]) AvgPool(s PoolShape) (AvgPool[T], error) {
	if err := s.Window.check(s.In); err != nil {
		return nil, fmt.Errorf("kernel: %v: %w", s, err)
	}
	return newAvgPool[T](e.goCore.workers, s), nil
}

// GlobalAvgPool is one window over the whole image.
func (e *goEngine[T]) GlobalAvgPool(s ImageShape) (AvgPool[T], error) {
	return e.AvgPool(PoolShape{
		In:     s,
		Window: Window{Kernel: [2]int{s.H, s.W}, Stride: [2]int{1, 1}},
	})
}
