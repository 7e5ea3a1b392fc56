//go:build !cgo || !amd64

package imageprep

const vectors = false

func resampleVectors(row func(y int) []uint8, across, down span) Image {
	return resampleGo(row, across, down)
}
