package generic

import "github.com/flowerctl/flowerctl/train/nn/kernel"

// rounding rounds values to bfloat16 in memory of its own, which all convolutions of an
// engine share.
type rounding[T kernel.Float] struct {
	workers *workers
	memory  [2][]T // what is multiplied with what

	to, from []T // of the run
}

func (r *rounding[T]) part(i, parts int) {
	begin, end := span(len(r.from), 1, i, parts)
	kernel.RoundBF16(r.to[begin:end], r.from[begin:end])
}

// reserve makes room for so many values of both sides.
func (r *rounding[T]) reserve(a, b int) {
	for i, n := range [2]int{a, b} {
		if n > len(r.memory[i]) {
			r.memory[i] = make([]T, n)
		}
	}
}

// both returns a and b rounded.
func (r *rounding[T]) both(a, b []T) (_, _ []T) {
	out := [2][]T{a, b}
	for i, from := range out {
		r.to, r.from = r.memory[i][:len(from)], from
		r.workers.run(r, len(from))
		out[i] = r.to
	}
	return out[0], out[1]
}
