package run

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/flowerctl/flowerctl/train/data"
	"github.com/flowerctl/flowerctl/train/table"
)

// balanced is the value of Settings.Classes with which all classes count the same.
const balanced = "balanced"

// classWeights reads --class-weights: nothing, "balanced" (as scikit-learn:
// images / (classes * images of the class)), or numbers in the order of labels.
func classWeights(text string, labels []string, counts []int) ([]float32, error) {
	switch text {
	case "":
		return nil, nil
	case balanced:
		return data.BalancedWeights(counts), nil
	}
	words := strings.Split(text, ",")
	if len(words) != len(labels) {
		return nil, fmt.Errorf("got %q, want balanced, or a number for each of %s", text,
			table.Some(labels))
	}
	weights := make([]float32, len(words))
	for i, word := range words {
		v, err := strconv.ParseFloat(strings.TrimSpace(word), 32)
		if err != nil || !(v >= 0 && v < 1e6) {
			return nil, fmt.Errorf("got %q for %s, want balanced, or a number from 0", word, labels[i])
		}
		weights[i] = float32(v)
	}
	if slices.Max(weights) == 0 {
		return nil, fmt.Errorf("got %s, want a number over 0 among them: no image would count", text)
	}
	return weights, nil
}
