package vector

import "testing"

// slow turns the assembly off for the rest of the test.
func slow(t *testing.T) {
	old := fast
	fast = false
	t.Cleanup(func() { fast = old })
}
