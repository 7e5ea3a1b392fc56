package data

import "math/rand/v2"

// stream is the random stream of one purpose. Each (seed, purpose, numbers) has its
// own, so that no use of randomness changes another, and the order in which workers
// run does not matter.
func stream(seed uint64, purpose string, numbers ...uint64) *rand.Rand {
	pcg := &rand.PCG{}
	reseed(pcg, seed, purpose, numbers...)
	return rand.New(pcg)
}

// reseed starts pcg as the stream of that name, without allocating.
func reseed(pcg *rand.PCG, seed uint64, purpose string, numbers ...uint64) {
	b := uint64(14695981039346656037) // FNV-1a
	for i := range len(purpose) {
		b = (b ^ uint64(purpose[i])) * 1099511628211
	}
	b = scramble(b)
	for _, n := range numbers {
		b = scramble(b ^ n)
	}
	pcg.Seed(scramble(seed), b)
}

// scramble is the finaliser of SplitMix64 (Steele et al., 2014) after one step of its
// counter: neighbouring inputs give unrelated outputs.
func scramble(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
