package generic

import (
	"github.com/flowerctl/flowerctl/train/nn/kernel"
	"github.com/flowerctl/flowerctl/train/nn/kernel/generic/vector"
)

// The passes of batch normalisation. Each part takes rows of C values.

type (
	normSum[T kernel.Float]          batchNorm[T] // sums x
	normSquares[T kernel.Float]      batchNorm[T] // sums (x-centre)^2
	normApply[T kernel.Float]        batchNorm[T] // y = scale*(x-m) + offset, and the ReLU
	normGradientSums[T kernel.Float] batchNorm[T] // sums dy and dy*(x-centre)
	normGradient[T kernel.Float]     batchNorm[T] // dx = a*dy + b*(x-m) + c
)

func (b *normSum[T]) part(i, parts int) {
	c := b.shape.In.C
	sum := b.sums[i][:c]
	clear(b.sums[i])
	begin, end := span(b.rows, 1, i, parts)
	for row := begin; row < end; row++ {
		for c, v := range b.x[row*c:][:len(sum)] {
			sum[c] += float64(v)
		}
	}
}

func (b *normSquares[T]) part(i, parts int) {
	c := b.shape.In.C
	sum, centre := b.sums[i][:c], b.centre[:c]
	clear(b.sums[i])
	begin, end := span(b.rows, 1, i, parts)
	for row := begin; row < end; row++ {
		for c, v := range b.x[row*c:][:len(sum)] {
			d := float64(v) - centre[c]
			sum[c] += d * d
		}
	}
}

func (b *normApply[T]) part(i, parts int) {
	c := b.shape.In.C
	mean, scale, offset := b.m[:c], b.scale[:c], b.offset[:c]
	begin, end := span(b.rows, 1, i, parts)
	for row := begin; row < end; row++ {
		y := b.y[row*c:][:c]
		for c, v := range b.x[row*c:][:len(y)] {
			y[c] = (v-mean[c])*scale[c] + offset[c]
		}
		if b.shape.ReLU {
			vector.ReLU(y, y, b.limit)
		}
	}
}

// gate is the gradient of channel c's value before the ReLU, where x is v and the
// gradient after it d.
func (b *batchNorm[T]) gate(d, v T, c int) T {
	if y := (v-b.m[c])*b.scale[c] + b.offset[c]; !(y > 0) || y >= b.limit {
		return 0
	}
	return d
}

func (b *normGradientSums[T]) part(i, parts int) {
	c := b.shape.In.C
	sum, product, centre := b.sums[i][:c], b.sums[i][c:][:c], b.centre[:c]
	clear(b.sums[i])
	begin, end := span(b.rows, 1, i, parts)
	for row := begin; row < end; row++ {
		dy := b.dy[row*c:][:len(sum)]
		for c, v := range b.x[row*c:][:len(sum)] {
			d := dy[c]
			if b.shape.ReLU {
				d = (*batchNorm[T])(b).gate(d, v, c)
			}
			sum[c] += float64(d)
			product[c] += float64(d) * (float64(v) - centre[c])
		}
	}
}

func (b *normGradient[T]) part(i, parts int) {
	c := b.shape.In.C
	mean, scale, slope, offset := b.m[:c], b.a[:c], b.b[:c], b.c[:c]
	begin, end := span(b.rows, 1, i, parts)
	for row := begin; row < end; row++ {
		dx, dy := b.dx[row*c:][:c], b.dy[row*c:][:c]
		for c, v := range b.x[row*c:][:len(dx)] {
			d := dy[c]
			if b.shape.ReLU {
				d = (*batchNorm[T])(b).gate(d, v, c)
			}
			dx[c] = d*scale[c] + (v-mean[c])*slope[c] + offset[c]
		}
		if b.shape.InputReLU {
			vector.ReLUBackward(dx, dx, b.x[row*c:][:c], 0)
		}
	}
}
