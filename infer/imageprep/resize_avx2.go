//go:build cgo && amd64

package imageprep

/*
#cgo CFLAGS: -O2
#cgo noescape flowerctl_across
#cgo nocallback flowerctl_across
#cgo noescape flowerctl_down
#cgo nocallback flowerctl_down
#include "resize_avx2.h"
*/
import "C"

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

// vectors reports whether [resampleVectors] can run.
var vectors = cpu.X86.HasAVX2

// lowBits is the number of bits of the low half of a weight. Both halves fit the 16
// bits that AVX2 multiplies and adds in pairs, so nothing is rounded.
const lowBits = weightBits / 2

// halved returns the weights as resize_avx2.h wants them. An odd last tap gets a
// neighbour of weight 0.
func (t *taps) halved() (weights []int32, pairs int) {
	pairs = (t.width + 1) / 2
	weights = make([]int32, 2*pairs*len(t.first))
	for i := range t.first {
		for k, w := range t.weights[i*t.width:][:t.count[i]] {
			to := weights[2*(i*pairs+k/2):]
			to[0] |= int32(w&(1<<lowBits-1)) << (16 * (k & 1))
			to[1] |= int32(w>>lowBits) << (16 * (k & 1))
		}
	}
	return weights, pairs
}

// resampleVectors is [bilinear] with AVX2: the same pixels.
func resampleVectors(row rowReader, across, down span) Image {
	const spare = 16 // bytes behind each row
	horizontal, vertical := newTaps(across), newTaps(down)
	acrossWeights, acrossPairs := horizontal.halved()
	downWeights, downPairs := vertical.halved()
	width := 3 * across.from
	first, second := make([]uint8, width+spare), make([]uint8, width+spare)
	n, rows := 3*across.n, vertical.width+1
	stride := n + spare
	ring := make([]uint8, stride*rows)
	out := newImage(across.n, down.n)
	next := int(vertical.first[0])
	for y := range down.n {
		at, count := int(vertical.first[y]), int(vertical.count[y])
		for ; next < at+count; next += 2 {
			row(next, first[:width])
			if next+1 < down.from {
				row(next+1, second[:width])
			}
			C.flowerctl_across(
				octets(ring[next%rows*stride:]), octets(ring[(next+1)%rows*stride:]),
				octets(first), octets(second), C.int(across.n),
				words(horizontal.first), words(horizontal.count),
				words(acrossWeights), C.int(acrossPairs))
		}
		C.flowerctl_down(octets(out.Pix[n*y:]), C.int(n), octets(ring), C.int(stride),
			C.int(rows), C.int(at), C.int(count), words(downWeights[2*y*downPairs:]))
	}
	return out
}

func octets(b []uint8) *C.uint8_t { return (*C.uint8_t)(unsafe.Pointer(&b[0])) }
func words(w []int32) *C.int32_t  { return (*C.int32_t)(unsafe.Pointer(&w[0])) }
