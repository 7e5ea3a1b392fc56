package gemm

// portable takes two rows of four columns at a time, whose sums fit the registers.
func portable[T Float](t *Tile, c, a, b, bias []T) {
	var start [4]T
	copy(start[:], bias)
	for r := 0; r < t.Rows; r += 2 {
		one, below := start, start
		// The last row of an odd number is computed twice.
		next := min(r+1, t.Rows-1)
		for g := range t.Segments {
			top, bottom := a[r*t.ARow+g*t.ASegment:], a[next*t.ARow+g*t.ASegment:]
			b := b[g*t.BSegment:]
			for s := range t.Steps {
				v, w := top[s*t.AStep], bottom[s*t.AStep]
				row := (*[4]T)(b[s*t.BStep:])
				one[0] += v * row[0]
				one[1] += v * row[1]
				one[2] += v * row[2]
				one[3] += v * row[3]
				below[0] += w * row[0]
				below[1] += w * row[1]
				below[2] += w * row[2]
				below[3] += w * row[3]
			}
		}
		store(t, c[r*t.CRow:], one)
		if next > r {
			store(t, c[next*t.CRow:], below)
		}
	}
}

func store[T Float](t *Tile, c []T, sums [4]T) {
	for j, v := range sums {
		if t.Add {
			v += c[j]
		}
		if t.ReLU {
			v = max(v, 0)
		}
		c[j] = v
	}
}
