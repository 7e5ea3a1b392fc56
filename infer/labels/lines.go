package labels

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
)

// Lines with a number. A mark between number and name says that it is one; a space
// alone, or a dot and a space, may be part of the name.
var (
	numberFirst = regexp.MustCompile(`^"?(\d{1,6})"?\s*([:=,;\t)]|\.?\s)\s*(.*)$`)
	numberLast  = regexp.MustCompile(`^(.*?)\s*([:=,;\t]|->|\s)\s*"?(\d{1,6})"?$`)
	header      = regexp.MustCompile(`^[^\d]+[,;\t][^\d]+$`)
)

// numbered takes the numbers off lines that all have one, and orders the names by
// them. Lines that do not are the names themselves.
func numbered(lines []string) ([]string, error) {
	for _, form := range []struct {
		is           *regexp.Regexp
		number, name int
	}{{numberFirst, 1, 3}, {numberLast, 3, 1}} {
		body := lines
		if len(lines) > 2 && header.MatchString(lines[0]) { // index,label
			body = lines[1:]
		}
		numbers, names := make([]int, len(body)), make([]string, len(body))
		marked, all := true, true
		for i, line := range body {
			m := form.is.FindStringSubmatch(line)
			if m == nil {
				all = false
				break
			}
			numbers[i], _ = strconv.Atoi(m[form.number]) // at most six digits
			names[i] = unquoted(m[form.name])
			marked = marked && m[2] != " " && m[2][0] != '.'
		}
		if !all {
			continue
		}
		ordered, err := order(numbers, names)
		if err == nil && (marked || distinct(ordered)) {
			return ordered, nil
		}
		if marked {
			return nil, err
		}
	}
	return lines, nil
}

// distinct says whether the names are not all the same one, as in 1 euro, 2 euro.
func distinct(names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return name != names[0] })
}

// order puts names at their numbers, which are 0 to n-1, or 1 to n.
func order(numbers []int, names []string) ([]string, error) {
	n := len(names)
	first := 1
	for _, k := range numbers {
		if k == 0 {
			first = 0
		}
	}
	ordered, taken := make([]string, n), make([]bool, n)
	for i, k := range numbers {
		switch at := k - first; {
		case at < 0 || at >= n:
			return nil, fmt.Errorf("%d names with the number %d (%s) among them: want the numbers "+
				"0 to %d", n, k, names[i], n-1)
		case taken[at]:
			return nil, fmt.Errorf("the number %d is there twice, want 0 to %d once each", k, n-1)
		default:
			ordered[at], taken[at] = names[i], true
		}
	}
	return ordered, nil
}
