package data

import (
	"math"
	"math/bits"
	"slices"

	"github.com/flowerctl/flowerctl/infer/imageprep"
)

// Two images are similar if their perceptual hashes differ in few bits (DCT of the
// grey picture, Zauner 2010) and their thumbnails in few grey levels: the first
// ignores colour, the second detail. That finds other sizes, other compressions and
// small retouches, but no mirrored, rotated or cropped copies.
const (
	maxBits       = 6    // of 64 that may differ
	maxDifference = 10   // mean of the thumbnails', grey levels
	maxCompared   = 2048 // images that one is compared with, for each piece of its hash
	thumb         = 8    // side of a thumbnail, pixels
	grid          = 32   // side of the picture that is transformed, pixels
)

// fingerprint is the part of an image that is compared.
type fingerprint struct {
	hash  uint64
	thumb [3 * thumb * thumb]uint8
}

// newFingerprint does not depend on the size of a network's images: the same
// photographs are similar for all networks.
func newFingerprint(img imageprep.Image) fingerprint {
	pix := imageprep.Config{Size: grid, Resize: imageprep.Stretch}.Apply(img).Pix
	var f fingerprint
	var sum [len(f.thumb)]int
	var grey [grid][grid]float64
	const cell = grid / thumb
	for i := range grid * grid {
		r, g, b := pix[3*i], pix[3*i+1], pix[3*i+2]
		x, y := i%grid, i/grid
		grey[y][x] = 0.299*float64(r) + 0.587*float64(g) + 0.114*float64(b)
		at := sum[3*(y/cell*thumb+x/cell):]
		at[0], at[1], at[2] = at[0]+int(r), at[1]+int(g), at[2]+int(b)
	}
	for i, v := range sum {
		f.thumb[i] = uint8(v / (cell * cell))
	}
	f.hash = hashGrey(&grey)
	return f
}

// cosines are the first rows of the DCT-II, without the constant one.
var cosines = func() (c [8][grid]float64) {
	for k := range c {
		for x := range grid {
			c[k][x] = math.Cos(math.Pi * float64(k+1) * (float64(x) + 0.5) / grid)
		}
	}
	return c
}()

// hashGrey has a bit for each of 64 low frequencies: whether it is above their median.
func hashGrey(grey *[grid][grid]float64) uint64 {
	var rows [grid][8]float64
	for y := range grid {
		for k := range 8 {
			for x, v := range grey[y] {
				rows[y][k] += v * cosines[k][x]
			}
		}
	}
	var f [64]float64
	for i := range f {
		for y := range grid {
			f[i] += rows[y][i%8] * cosines[i/8][y]
		}
	}
	sorted := f
	slices.Sort(sorted[:])
	median := (sorted[31] + sorted[32]) / 2
	hash := uint64(0)
	for i, v := range f {
		if v > median {
			hash |= 1 << i
		}
	}
	return hash
}

// similar reports whether two images look the same.
func (f *fingerprint) similar(g *fingerprint) bool {
	if bits.OnesCount64(f.hash^g.hash) > maxBits {
		return false
	}
	sum := 0
	for i, v := range f.thumb {
		sum += max(int(v), int(g.thumb[i])) - min(int(v), int(g.thumb[i]))
	}
	return sum <= maxDifference*len(f.thumb)
}

// groupSimilar lists the groups of two or more images that are connected by pairs of
// similar ones. The images of a group, and the groups, are in order.
//
// Hashes that differ in at most maxBits bits have at least one of maxBits+1 pieces
// in common: an image is compared only with those that share a piece with it, and
// with the last maxCompared of them, so that even a set of equal pictures takes only
// seconds.
func groupSimilar(prints []fingerprint) [][]int {
	const pieces = maxBits + 1
	groups := newUnion(len(prints))
	for piece := range pieces {
		lo, hi := 64*piece/pieces, 64*(piece+1)/pieces
		same := map[uint64][]int{}
		for j := range prints {
			key := prints[j].hash << (64 - hi) >> (64 - hi + lo)
			before := same[key]
			for _, i := range before[max(len(before)-maxCompared, 0):] {
				if prints[i].similar(&prints[j]) {
					groups.join(i, j)
				}
			}
			same[key] = append(before, j)
		}
	}
	return groups.list()
}

// union is a set of disjoint groups of 0 to n-1: it has each number's parent in the
// tree of its group; the first of a group is its own parent (Tarjan, 1975).
type union []int

func newUnion(n int) union {
	u := make(union, n)
	for i := range u {
		u[i] = i
	}
	return u
}

func (u union) first(i int) int {
	for u[i] != i {
		u[i] = u[u[i]]
		i = u[i]
	}
	return i
}

func (u union) join(i, j int) {
	a, b := u.first(i), u.first(j)
	u[max(a, b)] = min(a, b)
}

// list is the groups of two or more, in order.
func (u union) list() [][]int {
	at := map[int]int{}
	var out [][]int
	for i := range u {
		f := u.first(i)
		if f == i {
			continue
		}
		g, ok := at[f]
		if !ok {
			g = len(out)
			at[f] = g
			out = append(out, []int{f})
		}
		out[g] = append(out[g], i)
	}
	slices.SortFunc(out, func(a, b []int) int { return a[0] - b[0] })
	return out
}
