//go:build !libjpeg || !cgo

package jpeg

// Turbo reports whether this build decodes with libjpeg-turbo.
const Turbo = false

func (f *Frame) decodeTurbo() ([]uint8, bool) { return nil, false }

func turboMemory(_ *Frame, peak, picture int64) (int64, int64) { return peak, picture }
