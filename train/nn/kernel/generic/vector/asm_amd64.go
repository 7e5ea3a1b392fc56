package vector

import "golang.org/x/sys/cpu"

// fast is turned off to test the loops in Go.
var fast = cpu.X86.HasAVX2 && cpu.X86.HasFMA

// vectorised returns y and the number of its channels that the assembly does: those
// in full vectors. It is 0 for float64 and on processors without AVX2.
func vectorised[T Float](y []T) ([]float32, int) {
	if y, ok := any(y).([]float32); ok && fast {
		return y, len(y) &^ 7
	}
	return nil, 0
}

// single is where the values of x, which is a []float32, are.
func single[T Float](x []T) *float32 { return &any(x).([]float32)[0] }

func productsFast[T Float](sum *Sum, y, start, x, w []T) int {
	to, n := vectorised(y)
	if n > 0 {
		productsAVX2(sum, &to[0], single(start), single(x), single(w), len(y), n)
	}
	return n
}

func maxFast[T Float](sum *Sum, y []T, winner []int32, x []T, at int) int {
	to, n := vectorised(y)
	if n == 0 {
		return 0
	}
	var places *int32
	if winner != nil {
		places = &winner[0]
	}
	maxAVX2(sum, &to[0], places, single(x), at, n)
	return n
}

func reluFast[T Float](y, x []T, limit T) int {
	to, n := vectorised(y)
	if n > 0 {
		reluAVX2(&to[0], single(x), n, float32(limit))
	}
	return n
}

func reluBackwardFast[T Float](dx, dy, y []T, limit T) int {
	to, n := vectorised(dx)
	if n > 0 {
		reluBackwardAVX2(&to[0], single(dy), single(y), n, float32(limit))
	}
	return n
}

// channels is the number of channels of w, n how many to do, a multiple of 8.
//
//go:noescape
func productsAVX2(sum *Sum, y, start, x, w *float32, channels, n int)

//go:noescape
func maxAVX2(sum *Sum, y *float32, winner *int32, x *float32, at, n int)

//go:noescape
func reluAVX2(y, x *float32, n int, limit float32)

//go:noescape
func reluBackwardAVX2(dx, dy, y *float32, n int, limit float32)
