package data

import (
	"slices"
	"testing"
)

// TestBalancedWeights: as sklearn.utils.class_weight.compute_class_weight has them.
func TestBalancedWeights(t *testing.T) {
	for _, c := range []struct {
		counts []int
		want   []float32
	}{
		{[]int{10, 10}, []float32{1, 1}},
		{[]int{2, 6, 4}, []float32{2, float32(12) / 18, 1}},
		{[]int{633, 898, 641, 699, 799}, []float32{3670. / 3165, 3670. / 4490, 3670. / 3205, 3670. / 3495, 3670. / 3995}},
		{[]int{3, 0}, []float32{0.5, 1.5}}, // nothing is divided by zero
	} {
		if got := BalancedWeights(c.counts); !slices.Equal(got, c.want) {
			t.Errorf("%v: got %v, want %v", c.counts, got, c.want)
		}
	}
}
