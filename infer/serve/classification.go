package serve

import (
	"cmp"
	"fmt"
	"slices"
)

// classTexts are the k most probable classes as value:index:label, as Triton's
// classification extension writes them; equal ones keep their order.
func classTexts(probabilities []float32, labels []string, k int) []string {
	order := make([]int, len(probabilities))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		return cmp.Compare(probabilities[j], probabilities[i])
	})
	texts := make([]string, min(k, len(order)))
	for i := range texts {
		class := order[i]
		texts[i] = fmt.Sprintf("%f:%d:%s", probabilities[class], class, labels[class])
	}
	return texts
}
