package shard

import (
	"context"
	"iter"
	"runtime"
)

// ahead yields f of each, in order, computed a bounded number ahead. Files are waited for
// more than computed with, so there are more goroutines than cores. It ends early when
// ctx does.
func ahead[T, R any](ctx context.Context, all iter.Seq[T], f func(T) R) iter.Seq[R] {
	return func(yield func(R) bool) {
		workers := max(16, 4*runtime.GOMAXPROCS(0))
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		type job struct {
			of     T
			result chan R
		}
		order := make(chan job, 4*workers)
		work := make(chan job)
		for range workers {
			go func() {
				for j := range work {
					j.result <- f(j.of)
				}
			}()
		}
		go func() {
			defer close(order)
			defer close(work)
			for of := range all {
				j := job{of, make(chan R, 1)}
				select {
				case order <- j:
				case <-ctx.Done():
					return
				}
				select {
				case work <- j:
				case <-ctx.Done():
					return
				}
			}
		}()
		for {
			select {
			case j, ok := <-order:
				if !ok {
					return
				}
				select {
				case r := <-j.result:
					if !yield(r) {
						return
					}
				case <-ctx.Done():
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}
}
