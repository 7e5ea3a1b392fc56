// Package nearest says which of several names was meant by one that is none of them. It
// imports nothing of this module.
package nearest

// Word is the candidate that word most likely meant, or "" when none is
// near: at most a third of its letters, and one at least, may be wrong.
func Word(word string, candidates []string) string {
	best, limit := "", max(1, len(word)/3)+1
	for _, c := range candidates {
		if d := distance(word, c); len(c) > 1 && d < limit {
			best, limit = c, d
		}
	}
	return best
}

// distance counts the insertions, deletions and replacements of a byte, and
// exchanges of two neighbours, that make a into b (optimal string alignment).
func distance(a, b string) int {
	d := make([][]int, len(a)+1)
	for i := range d {
		d[i] = make([]int, len(b)+1)
		d[i][0] = i
	}
	for j := range d[0] {
		d[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			replace := d[i-1][j-1]
			if a[i-1] != b[j-1] {
				replace++
			}
			d[i][j] = min(d[i-1][j]+1, d[i][j-1]+1, replace)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d[i][j] = min(d[i][j], d[i-2][j-2]+1)
			}
		}
	}
	return d[len(a)][len(b)]
}
