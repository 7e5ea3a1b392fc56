package drawing

import (
	"cmp"
	"math"
	"slices"
)

// sweeps is the number of times that the layers are ordered, down and up again. In
// networks of a few hundred nodes more of them change nothing.
const sweeps = 12

// order sorts each layer by the mean position of its places' neighbours.
func (p *graph) order() {
	index := map[*place]float64{}
	number := func(layer []*place) {
		for i, at := range layer {
			index[at] = float64(i) - float64(len(layer)-1)/2
		}
	}
	for _, layer := range p.layers {
		number(layer)
	}
	sortBy := func(layer []*place, neighbours func(*place) []*place) {
		middle := map[*place]float64{}
		for _, at := range layer {
			middle[at] = index[at]
			if near := neighbours(at); len(near) > 0 {
				sum := 0.0
				for _, n := range near {
					sum += index[n]
				}
				middle[at] = sum / float64(len(near))
			}
		}
		slices.SortStableFunc(layer, func(a, b *place) int { return cmp.Compare(middle[a], middle[b]) })
		number(layer)
	}
	for range sweeps {
		for _, layer := range p.layers {
			sortBy(layer, func(at *place) []*place { return at.up })
		}
		for _, layer := range slices.Backward(p.layers) {
			sortBy(layer, func(at *place) []*place { return at.down })
		}
	}
}

// settle gives every place its x: near its neighbours, in the order of its layer,
// without overlap.
func (p *graph) settle() {
	for _, layer := range p.layers {
		x := 0.0
		for _, at := range layer {
			at.x = x + at.width()/2
			x += at.width() + gapAcross
		}
		for _, at := range layer {
			at.x -= (x - gapAcross) / 2
		}
	}
	for range sweeps {
		for _, layer := range p.layers {
			pull(layer, func(at *place) []*place { return at.up })
		}
		for _, layer := range slices.Backward(p.layers) {
			pull(layer, func(at *place) []*place { return at.down })
		}
	}
	left, right := math.Inf(1), math.Inf(-1)
	for _, layer := range p.layers {
		for _, at := range layer {
			left, right = min(left, at.x-at.width()/2), max(right, at.x+at.width()/2)
		}
	}
	for _, layer := range p.layers {
		for _, at := range layer {
			at.x += margin - left
		}
	}
	p.width = right - left + 2*margin
}

// pull moves the places of a layer to the middle of their neighbours. Places that
// would overlap form a block, which moves to the mean of their wanted positions:
// the least squares solution that keeps the order (pool adjacent violators).
func pull(layer []*place, neighbours func(*place) []*place) {
	type block struct {
		want, n     float64 // sum of the wanted positions of its first place; places
		first, size int
	}
	offset := make([]float64, len(layer)) // of a place from the layer's first
	for i := 1; i < len(layer); i++ {
		offset[i] = offset[i-1] + (layer[i-1].width()+layer[i].width())/2 + gapAcross
	}
	var blocks []block
	for i, at := range layer {
		want := at.x
		if near := neighbours(at); len(near) > 0 {
			want = 0
			for _, n := range near {
				want += n.x
			}
			want /= float64(len(near))
		}
		blocks = append(blocks, block{want - offset[i], 1, i, 1})
		mean := func(k int) float64 { return blocks[k].want / blocks[k].n }
		for k := len(blocks) - 1; k > 0 && mean(k) < mean(k-1); k-- {
			a, b := &blocks[k-1], blocks[k]
			a.want, a.n, a.size = a.want+b.want, a.n+b.n, a.size+b.size
			blocks = blocks[:k]
		}
	}
	for _, b := range blocks {
		for i := b.first; i < b.first+b.size; i++ {
			layer[i].x = b.want/b.n + offset[i]
		}
	}
}
