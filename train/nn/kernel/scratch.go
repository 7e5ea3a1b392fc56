package kernel

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
