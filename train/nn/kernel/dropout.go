package kernel

import "fmt"

// DropoutKeeps tells whether Dropout with that rate and seed keeps value i; every
// engine agrees with it. With all numbers unsigned and wrapping around:
//
//	s = splitmix64(seed)                  64 bits; lo and hi are its halves
//	h = (uint32(i) ^ lo) * 0x9E3779B1     32 bits from here on
//	h = ((h ^ h>>15) + hi) * 0x85EBCA77
//	h = (h ^ h>>13) * 0xC2B2AE3D
//	h = h ^ h>>16
//	keep when h >= uint32(rate * 2^32)
//
// where splitmix64 is the finaliser of Steele, Lea and Flood, Fast Splittable
// Pseudorandom Number Generators, 2014, and the multipliers are the primes of
// xxHash32. 32 bits, so that it can be vectorised everywhere.
func DropoutKeeps(rate float64, seed uint64, i int) bool {
	return dropoutHash(splitmix64(seed), uint32(i)) >= dropoutThreshold(rate)
}

// dropoutThreshold is for a rate of 0 or more and under 1.
func dropoutThreshold(rate float64) uint32 { return uint32(rate * (1 << 32)) }

func dropoutHash(mixed uint64, i uint32) uint32 {
	h := (i ^ uint32(mixed)) * 0x9E3779B1
	h = ((h ^ h>>15) + uint32(mixed>>32)) * 0x85EBCA77
	h = (h ^ h>>13) * 0xC2B2AE3D
	return h ^ h>>16
}

func splitmix64(z uint64) uint64 {
	z += 0x9E3779B97F4A7C15
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

func (e *goElementwise[T]) Dropout(y, x []T, rate float64, seed uint64) {
	mustHold(layerName("dropout"), "x", x, len(y))
	if !(rate >= 0 && rate < 1) {
		panic(fmt.Errorf("kernel: dropout: rate %v, want 0 or more and under 1", rate))
	}
	e.y, e.x, e.scale = y, x, T(1/(1-rate))
	e.seed, e.threshold = splitmix64(seed), dropoutThreshold(rate)
	e.workers.run((*dropout[T])(e), len(y))
}

type dropout[T Float] goElementwise[T]

func (e *dropout[T]) part(i, parts int) {
	begin, end := span(len(e.y), lineValues, i, parts)
	y, x := e.y[begin:end], e.x[begin:end]
	pair := [2]T{} // indexed, because a branch is mispredicted half of the time
	for i, v := range x {
		pair[1] = v * e.scale
		keep := 0
		if dropoutHash(e.seed, uint32(begin+i)) >= e.threshold {
			keep = 1
		}
		y[i] = pair[keep]
	}
}
