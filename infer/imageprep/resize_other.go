//go:build !cgo || !amd64

package imageprep

const vectors = false

func resampleVectors(row rowReader, across, down span) Image {
	return resampleGo(row, across, down)
}
