package generic

import (
	"github.com/flowerctl/flowerctl/train/nn/kernel"
	"github.com/flowerctl/flowerctl/train/nn/kernel/generic/gemm"
)

// core is what the layers of an engine share.
type core[T kernel.Float] struct {
	workers *workers
	gemm    gemm.Kernel[T]
	scratch *scratch[T]
	low     *rounding[T]
}

// edge is the number of values of the scratch tile that tile needs.
func (c *core[T]) edge() int { return c.gemm.Rows * c.gemm.Columns }

// tile runs a tile whose columns need not be whole vectors, and writes no columns
// beside them.
func (c *core[T]) tile(t *gemm.Tile, edge, y, a, b, bias []T) {
	if c.gemm.Width(t.Columns) == t.Columns {
		c.gemm.Run(t, y, a, b, bias)
		return
	}
	inner := *t
	t.CRow, t.Add = c.gemm.Columns, false
	c.gemm.Run(t, edge, a, b, bias)
	*t = inner
	for r := range t.Rows {
		from, to := edge[r*c.gemm.Columns:], y[r*t.CRow:][:t.Columns]
		if !t.Add {
			copy(to, from)
			continue
		}
		for j := range to {
			to[j] += from[j]
		}
	}
}

// scratch is memory that the layers of an engine share, because one runs at a
// time. Layers reserve what they need when they are prepared and cut it up again
// in each pass; nothing in it outlives the pass.
type scratch[T kernel.Float] struct {
	shared []T   // for all workers
	own    [][]T // for each worker
}

func newScratch[T kernel.Float](workers int) *scratch[T] {
	return &scratch[T]{own: make([][]T, workers)}
}

// reserve makes room for that many values in shared and for each worker.
func (s *scratch[T]) reserve(shared, own int) {
	if shared > len(s.shared) {
		s.shared = make([]T, shared)
	}
	for i := range s.own {
		if own > len(s.own[i]) {
			s.own[i] = make([]T, own)
		}
	}
}

// cut takes n values from the front of memory.
func cut[T kernel.Float](memory *[]T, n int) []T {
	part := (*memory)[:n:n]
	*memory = (*memory)[n:]
	return part
}
