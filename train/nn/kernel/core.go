package kernel

import "github.com/flowerctl/flowerctl/train/nn/kernel/gemm"

// goCore is what the layers of a Go engine share.
type goCore[T Float] struct {
	workers *workers
	kernel  gemm.Kernel[T]
	scratch *scratch[T]
}

// edge is the number of values of the scratch tile that tile needs.
func (c *goCore[T]) edge() int { return c.kernel.Rows * c.kernel.Columns }

// tile runs a tile whose columns need not be whole vectors: no others are written.
func (c *goCore[T]) tile(t *gemm.Tile, edge, y, a, b, bias []T) {
	if c.kernel.Width(t.Columns) == t.Columns {
		c.kernel.Run(t, y, a, b, bias)
		return
	}
	inner := *t
	t.CRow, t.Add = c.kernel.Columns, false
	c.kernel.Run(t, edge, a, b, bias)
	*t = inner
	for r := range t.Rows {
		from, to := edge[r*c.kernel.Columns:], y[r*t.CRow:][:t.Columns]
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
// time. Layers reserve what they need when they are prepared, and take it anew
// in each pass; nothing in it outlives the pass.
type scratch[T Float] struct {
	shared []T   // for all workers
	own    [][]T // for each worker
}

func newScratch[T Float](workers int) *scratch[T] {
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
func cut[T Float](memory *[]T, n int) []T {
	part := (*memory)[:n:n]
	*memory = (*memory)[n:]
	return part
}
