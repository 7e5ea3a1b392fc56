package kernel

import "fmt"

// DropoutMask tells which values a dropout with one rate and seed keeps. Every
// engine agrees with it. With all numbers unsigned and wrapping around:
//
//	s = splitmix64(seed)                  64 bits; lo and hi are its halves
//	h = (uint32(i) ^ lo) * 0x9E3779B1     32 bits from here on
//	h = ((h ^ h>>15) + hi) * 0x85EBCA77
//	h = (h ^ h>>13) * 0xC2B2AE3D
//	h = h ^ h>>16
//	keep value i when h >= uint32(rate * 2^32)
//
// where splitmix64 is the finaliser of Steele, Lea and Flood, Fast Splittable
// Pseudorandom Number Generators, 2014, and the multipliers are the primes of
// xxHash32. The hash has 32 bits so that every processor can vectorise it.
type DropoutMask struct {
	lo, hi    uint32 // of splitmix64(seed)
	threshold uint32
}

// NewDropoutMask takes a rate of 0 or more and under 1; it panics at others.
func NewDropoutMask(rate float64, seed uint64) DropoutMask {
	if !(rate >= 0 && rate < 1) {
		panic(fmt.Errorf("kernel: dropout: rate %v, want 0 or more and under 1", rate))
	}
	s := splitmix64(seed)
	return DropoutMask{uint32(s), uint32(s >> 32), uint32(rate * (1 << 32))}
}

// Keeps says whether value i is kept.
func (m DropoutMask) Keeps(i int) bool {
	h := (uint32(i) ^ m.lo) * 0x9E3779B1
	h = ((h ^ h>>15) + m.hi) * 0x85EBCA77
	h = (h ^ h>>13) * 0xC2B2AE3D
	return h^h>>16 >= m.threshold
}

func splitmix64(z uint64) uint64 {
	z += 0x9E3779B97F4A7C15
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}
