package table

import (
	"fmt"
	"strings"
)

// allListed is how many names Some writes at most, and someListed how many of more.
const (
	allListed  = 20
	someListed = 10
)

// Some lists names with commas, of more than 20 the first 10 and how many others there
// are.
func Some(names []string) string {
	if len(names) <= allListed {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d others", strings.Join(names[:someListed], ", "),
		len(names)-someListed)
}
