package labels

import (
	"fmt"
	"regexp"
	"strconv"
)

// A label map of TensorFlow's object detection and classification programs:
//
//	item { id: 1 name: "/m/0bwd_0j" display_name: "ash" }
var (
	pbStart = regexp.MustCompile(`(?m)^[ \t]*item[ \t]*:?[ \t\r\n]*\{`)
	pbItem  = regexp.MustCompile(`(?m)^[ \t]*item[ \t]*:?[ \t\r\n]*\{([^{}]*)\}`)
	pbID    = regexp.MustCompile(`\bid[ \t]*:[ \t]*(\d{1,6})`)
	pbName  = regexp.MustCompile(`\b(name|display_name)[ \t]*:[ \t]*("[^"\n]*"|'[^'\n]*')`)
)

// ofItems is the names in a label map of n items; their numbers begin at 1 or 0.
func ofItems(items [][]string, n int) ([]string, error) {
	if len(items) < n {
		return nil, fmt.Errorf("%d of %d items of the label map can be read: want each as "+
			"item { id: 1 name: \"ash\" }", len(items), n)
	}
	numbers, names := make([]int, len(items)), make([]string, len(items))
	for i, item := range items {
		id := pbID.FindStringSubmatch(item[1])
		if id == nil {
			return nil, fmt.Errorf("item %d of the label map has no id", i+1)
		}
		numbers[i], _ = strconv.Atoi(id[1]) // at most six digits
		for _, m := range pbName.FindAllStringSubmatch(item[1], -1) {
			if names[i] == "" || m[1] == "display_name" {
				names[i] = unquoted(m[2])
			}
		}
	}
	return order(numbers, names)
}
