//go:build !libjpeg || !cgo

package jpeg

// Turbo says whether libjpeg-turbo decodes in this build.
const Turbo = false

func (f *Frame) decodeTurbo() ([]uint8, bool) { return nil, false }

func turboMemory(_ *Frame, peak, kept, _ int64) (int64, int64) { return peak, kept }
