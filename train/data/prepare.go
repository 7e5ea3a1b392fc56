package data

import (
	"bytes"
	"image"
	_ "image/jpeg"
	_ "image/png"

	"golang.org/x/image/draw"

	"github.com/flowerctl/flowerctl/infer/imageprep"
)

func prepare(cfg imageprep.Config, data []byte) (imageprep.Image, error) {
	src, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return imageprep.Image{}, err
	}
	m := image.NewRGBA(image.Rect(0, 0, cfg.Size, cfg.Size))
	draw.ApproxBiLinear.Scale(m, m.Rect, src, src.Bounds(), draw.Src, nil)
	out := imageprep.Image{W: cfg.Size, H: cfg.Size, Pix: make([]uint8, 0, 3*cfg.Size*cfg.Size)}
	for i := 0; i < len(m.Pix); i += 4 {
		out.Pix = append(out.Pix, m.Pix[i:i+3]...)
	}
	return out, nil
}
