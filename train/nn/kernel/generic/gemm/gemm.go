// Package gemm multiplies small tiles of matrices: the inner loop of convolutions
// and dense layers. Blocking for the caches and packing are left to the caller,
// because a convolution reads its rows straight from the image.
//
// A [Kernel] is the loop for one processor: assembly for AVX-512 and for AVX2 with
// FMA, else Go. The package imports no other one of this module. Start
// at [Best].
package gemm

// Float is the element type.
type Float interface{ float32 | float64 }

// Tile describes one product: rows x columns of C from the sum over segments and
// steps of A*B,
//
//	C[r, j] = bias[j] + sum over g, s of A[r*ARow + g*ASegment + s*AStep] *
//	                                     B[g*BSegment + s*BStep + j]
//
// at C[r*CRow + j]. Strides count values. The sum has two levels so that a row of A
// can be a window on an image, with a segment for each row of the window.
type Tile struct {
	Rows    int // 1 to Kernel.Rows
	Columns int // 1 to Kernel.Columns; those up to Width are written

	Segments, Steps       int // 1 or more
	ARow, AStep, ASegment int
	BStep, BSegment       int
	CRow                  int

	Add  bool // add to what C holds
	ReLU bool // end in max(C, 0)
}

// Kernel computes tiles. Its results depend on nothing but the values.
type Kernel[T Float] struct {
	Name          string // "avx512", "avx2" or "go"
	Rows, Columns int    // the largest tile
	half          int    // columns of the narrow loop
	run           func(t *Tile, c, a, b, bias []T)
}

// Width is the number of columns that a tile of that many columns reads from B
// and writes to C: whole vectors.
func (k Kernel[T]) Width(columns int) int {
	if columns <= k.half {
		return k.half
	}
	return k.Columns
}

// Panels is the number of tiles beside each other that cover that many columns.
func (k Kernel[T]) Panels(columns int) int { return (columns + k.Columns - 1) / k.Columns }

// Run computes a tile. A bias is nil or has Width values, as each row of B and C
// has. It panics where a slice is too short.
func (k Kernel[T]) Run(t *Tile, c, a, b, bias []T) {
	last, width := t.Segments-1, k.Width(t.Columns)
	_ = a[(t.Rows-1)*t.ARow+last*t.ASegment+(t.Steps-1)*t.AStep]
	_ = b[last*t.BSegment+(t.Steps-1)*t.BStep+width-1]
	_ = c[(t.Rows-1)*t.CRow+width-1]
	if bias != nil {
		_ = bias[width-1]
	}
	if t.Rows < 1 || t.Rows > k.Rows || last < 0 || t.Steps < 1 {
		panic("gemm: a tile of no or too many rows")
	}
	k.run(t, c, a, b, bias)
}

// Best is the fastest kernel that this processor runs.
func Best[T Float]() Kernel[T] { return All[T]()[0] }

// All are the kernels that this processor runs, fastest first; the last is in Go.
func All[T Float]() []Kernel[T] {
	portable := Kernel[T]{Name: "go", Rows: 4, Columns: 4, half: 4, run: portable[T]}
	if kernels, ok := any(assembly()).([]Kernel[T]); ok {
		return append(kernels, portable)
	}
	return []Kernel[T]{portable}
}
