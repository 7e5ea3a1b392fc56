package gemm

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

func TestKernelsMultiply(t *testing.T) {
	testKernels(t, All[float32](), 1e-5)
	testKernels(t, All[float64](), 1e-13)
}

func testKernels[T Float](t *testing.T, kernels []Kernel[T], tolerance float64) {
	for _, k := range kernels {
		t.Run(fmt.Sprintf("%s %T", k.Name, T(0)), func(t *testing.T) {
			for rows := 1; rows <= k.Rows; rows++ {
				for columns := 1; columns <= k.Columns; columns++ {
					for form := range 8 {
						testTile(t, k, rows, columns, form, tolerance)
					}
				}
			}
		})
	}
}

// testTile compares a tile with the formula; the bits of form are bias, Add and
// ReLU. The slices end where the tile does.
func testTile[T Float](t *testing.T, k Kernel[T], rows, columns, form int, tolerance float64) {
	t.Helper()
	width := k.Width(columns)
	tile := Tile{
		Rows: rows, Columns: columns, Segments: 1 + rows%3, Steps: 1 + columns%7,
		ARow: 11, AStep: 1 + form%3, ASegment: 40, BStep: width + 3, BSegment: 8 * (width + 3),
		CRow: width + 5, Add: form&2 > 0, ReLU: form&4 > 0,
	}
	if form%2 > 0 {
		tile.ARow, tile.AStep = 1, 9 // a transposed A
	}
	r := rand.New(rand.NewPCG(uint64(rows), uint64(columns)))
	noise := func(n int) []T {
		x := make([]T, n)
		for i := range x {
			x[i] = T(r.NormFloat64())
		}
		return x
	}
	g, s := tile.Segments-1, tile.Steps-1
	a := noise((rows-1)*tile.ARow + g*tile.ASegment + s*tile.AStep + 1)
	b := noise(g*tile.BSegment + s*tile.BStep + width)
	before := noise((rows-1)*tile.CRow + width)
	var bias []T
	if form&1 > 0 {
		bias = noise(width)
	}
	c := append([]T(nil), before...)
	k.Run(&tile, c, a, b, bias)

	for i, got := range c {
		row, column := i/tile.CRow, i%tile.CRow
		want := float64(before[i])
		if column < width {
			want = product(tile, row, column, a, b, bias)
			if tile.Add {
				want += float64(before[i])
			}
			if tile.ReLU {
				want = max(want, 0)
			}
		}
		if !(math.Abs(float64(got)-want) <= tolerance*10) {
			t.Fatalf("%+v: C[%d,%d] is %v, want %v", tile, row, column, got, want)
		}
	}
}

func product[T Float](t Tile, row, column int, a, b, bias []T) (sum float64) {
	if bias != nil {
		sum = float64(bias[column])
	}
	for g := range t.Segments {
		for s := range t.Steps {
			sum += float64(a[row*t.ARow+g*t.ASegment+s*t.AStep]) *
				float64(b[g*t.BSegment+s*t.BStep+column])
		}
	}
	return sum
}

func TestReLUKeepsNaN(t *testing.T) {
	for _, k := range All[float32]() {
		c, b := make([]float32, k.Columns), make([]float32, k.Columns)
		b[0] = float32(math.NaN())
		tile := &Tile{Rows: 1, Columns: k.Columns, Segments: 1, Steps: 1, ReLU: true}
		k.Run(tile, c, []float32{-1}, b, nil)
		if c[0] == c[0] {
			t.Errorf("%s: max(NaN, 0) is %v", k.Name, c[0])
		}
	}
}

func TestShortSlicesPanic(t *testing.T) {
	for _, k := range All[float32]() {
		for short := range 4 {
			size := []int{8 * k.Columns, 8 * k.Columns, 8 * k.Columns, k.Columns}
			size[short] = k.Columns - 1
			c, a := make([]float32, size[0]), make([]float32, size[1])
			b, bias := make([]float32, size[2]), make([]float32, size[3])
			func() {
				defer func() {
					if recover() == nil {
						t.Errorf("%s: a short slice %d is read past its end", k.Name, short)
					}
				}()
				k.Run(&Tile{
					Rows: 2, Columns: k.Columns, Segments: 1, Steps: 2, ARow: k.Columns - 2, AStep: 1,
					BStep: k.Columns, CRow: k.Columns,
				}, c, a, b, bias)
			}()
		}
	}
}

// BenchmarkTile multiplies out of the first cache; compare with the processor's
// peak: 2 vector multiply-adds a cycle.
func BenchmarkTile(b *testing.B) {
	for _, k := range All[float32]() {
		for _, columns := range []int{k.Columns, k.half} {
			for rows := k.Rows; rows > 0; rows -= 3 {
				const steps = 128
				t := Tile{
					Rows: rows, Columns: columns, Segments: 1, Steps: steps, ARow: steps, AStep: 1,
					BStep: k.Columns, CRow: k.Columns,
				}
				c, a := make([]float32, rows*k.Columns), make([]float32, rows*steps)
				p := make([]float32, steps*k.Columns)
				b.Run(fmt.Sprintf("%s/%dx%d", k.Name, rows, columns), func(b *testing.B) {
					for b.Loop() {
						k.Run(&t, c, a, p, nil)
					}
					flops := float64(2*rows*columns*steps) * float64(b.N)
					b.ReportMetric(flops/b.Elapsed().Seconds()/1e9, "GFLOP/s")
				})
			}
		}
	}
}
