package generic

import "github.com/flowerctl/flowerctl/train/nn/kernel"

func (e *elementwise[T]) Dropout(y, x []T, rate float64, seed uint64) {
	kernel.MustHold(kernel.LayerName("dropout"), "x", x, len(y))
	e.y, e.x, e.scale = y, x, T(1/(1-rate))
	e.mask = kernel.NewDropoutMask(rate, seed)
	e.workers.run((*dropout[T])(e), len(y))
}

type dropout[T kernel.Float] elementwise[T]

func (e *dropout[T]) part(i, parts int) {
	begin, end := span(len(e.y), lineValues, i, parts)
	y, x := e.y[begin:end], e.x[begin:end]
	mask, pair := e.mask, [2]T{} // indexed: a branch would be mispredicted half of the time
	for i, v := range x {
		pair[1] = v * e.scale
		keep := 0
		if mask.Keeps(begin + i) {
			keep = 1
		}
		y[i] = pair[keep]
	}
}
