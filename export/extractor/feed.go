package extractor

// Fed is one image in the form that a network takes it. Bytes or Floats is nil.
type Fed struct {
	Shape  []int
	Bytes  []uint8
	Floats []float32
}

// Feed is an image of the draft's size, RGB, rows of pixels, channels innermost, as the
// Model takes it: what the finished file does in its first nodes, in Go.
func (d *Draft) Feed(pixels []uint8) Fed {
	area := d.Size * d.Size
	f := Fed{Shape: []int{1, 3, d.Size, d.Size}}
	if !d.Input.ChannelsFirst {
		f.Shape = []int{1, d.Size, d.Size, 3}
	}
	at := func(pixel, channel int) int {
		if d.Input.ChannelsFirst {
			return channel*area + pixel
		}
		return 3*pixel + channel
	}
	if d.Input.Bytes() {
		f.Bytes = make([]uint8, 3*area)
	} else {
		f.Floats = make([]float32, 3*area)
	}
	for p := range area {
		for c := range 3 {
			from, to := pixels[3*p+c], c
			if d.swapped {
				to = 2 - c
			}
			if f.Bytes != nil {
				f.Bytes[at(p, to)] = from
				continue
			}
			f.Floats[at(p, to)] = float32(float64(from)*d.scale[c] + d.move[c])
		}
	}
	return f
}
