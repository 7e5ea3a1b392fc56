package table

import (
	"fmt"
	"strings"
)

// Count is a number with its noun, which is given in the singular: "1 trial", "2 trials",
// "3 classes", "4 copies".
func Count[N int | int64 | uint64](n N, noun string) string {
	return fmt.Sprintf("%d %s", n, Noun(n, noun))
}

// Noun is the noun alone that goes with a number, as in "1 of 2 trials".
func Noun[N int | int64 | uint64](n N, noun string) string {
	if n == 1 {
		return noun
	}
	stem, y := strings.CutSuffix(noun, "y")
	switch {
	case y && !strings.ContainsAny(stem[len(stem)-1:], "aeiou"):
		return stem + "ies"
	case noun == "epoch": // whose ch is a k
	case strings.HasSuffix(noun, "s"), strings.HasSuffix(noun, "x"), strings.HasSuffix(noun, "ch"):
		return noun + "es"
	}
	return noun + "s"
}
