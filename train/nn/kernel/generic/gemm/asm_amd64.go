package gemm

import "golang.org/x/sys/cpu"

// assembly are the kernels of this processor; see tile_amd64.s.
func assembly() (kernels []Kernel[float32]) {
	x := &cpu.X86
	if x.HasAVX512F {
		kernels = append(kernels, Kernel[float32]{
			Name: "avx512", Rows: 8, Columns: 32, half: 16,
			run: func(t *Tile, c, a, b, bias []float32) {
				tileAVX512(t, &c[0], &a[0], &b[0], first(bias))
			},
		})
	}
	if x.HasAVX2 && x.HasFMA {
		kernels = append(kernels, Kernel[float32]{
			Name: "avx2", Rows: 6, Columns: 16, half: 8,
			run: func(t *Tile, c, a, b, bias []float32) {
				tileAVX2(t, &c[0], &a[0], &b[0], first(bias))
			},
		})
	}
	return kernels
}

// first is nil for no bias.
func first(bias []float32) *float32 {
	if bias == nil {
		return nil
	}
	return &bias[0]
}

//go:noescape
func tileAVX512(t *Tile, c, a, b, bias *float32)

//go:noescape
func tileAVX2(t *Tile, c, a, b, bias *float32)
