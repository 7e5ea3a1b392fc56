package labels

import (
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/flowerctl/flowerctl/infer/imageprep"
)

// columnNames are what tools call the column of the names, in lower case.
var columnNames = append([]string{"class_name", "label_name", "labels", "classes", "category"}, nameKeys...)

// indexNames are what tools call the column of the numbers; "" is pandas'.
var indexNames = append([]string{"", "idx", "class_idx", "class_index", "number", "#"}, numberKeys...)

var errPictures = errors.New("it lists pictures, want the classes, once each")

// columns is the names in a table with several columns, as spreadsheets and pandas write
// it. It is nil where the lines are no such table: neither has the first one the name of a
// column, nor is there one of numbers and one of names.
func columns(lines []string) ([]string, error) {
	if len(lines) > 1 && isNames(lines[0]) && strings.Contains(lines[1], "\t") {
		lines = append([]string{"\t" + lines[0]}, lines[1:]...) // pandas and R number the rows
	}
	for _, comma := range "\t;," {
		r := csv.NewReader(strings.NewReader(strings.Join(lines, "\n")))
		r.Comma, r.LazyQuotes, r.TrimLeadingSpace = comma, true, comma != '\t'
		rows, err := r.ReadAll()
		if err != nil || len(rows) < 2 || len(rows[0]) < 2 {
			continue
		}
		head, body := rows[0], rows[1:]
		if !isHead(head) {
			head, body = nil, rows
		}
		names, err := ofColumns(head, body)
		if names != nil || err != nil {
			return names, err
		}
	}
	return nil, nil
}

// isHead says that a row has the name of a column of names, or begins with the empty one of
// pandas' index, and is not the first class, as 0,label may be.
func isHead(row []string) bool {
	return row[0] == "" || slices.ContainsFunc(row, isNames) &&
		!slices.Contains(row, "0") && !slices.Contains(row, "1")
}

// isNames says that a column of this title has names, or their numbers.
func isNames(title string) bool {
	return slices.Contains(columnNames, strings.ToLower(unquoted(title)))
}

// ofColumns is the names in a table: the first column that is called so and has no numbers
// only, else the only one without numbers, else, with none such, the first that is called so.
// They are in the order of the columns of numbers, which a table without a head needs.
func ofColumns(head []string, body [][]string) ([]string, error) {
	named, digits := -1, -1
	var texts, numbered []int
	numbers := make([][]int, len(body[0]))
	for i := range body[0] {
		cells := make([]string, len(body))
		for k, row := range body {
			cells[k] = strings.TrimSpace(row[i])
		}
		called, ok := head != nil && isNames(head[i]), false
		switch numbers[i], ok = whole(cells); {
		case ok && called && digits < 0:
			digits = i
			fallthrough
		case ok:
			// Counts of pictures may be 1 and 2.
			if head == nil || called ||
				slices.Contains(indexNames, strings.ToLower(strings.TrimSpace(head[i]))) {
				numbered = append(numbered, i)
			}
		case called && named < 0:
			named = i
		case !slices.ContainsFunc(cells, func(c string) bool { return !imageprep.ImageName(c) }):
			return nil, errPictures
		case !slices.ContainsFunc(cells, number):
			texts = append(texts, i)
		}
	}
	switch {
	case named >= 0:
	case len(texts) == 1:
		named = texts[0]
	case len(texts) > 1 && digits >= 0:
		return nil, fmt.Errorf("the columns %s and %s may both be the names: want one of them "+
			"called name", head[texts[0]], head[texts[1]])
	case digits >= 0:
		named = digits
	default:
		return nil, nil
	}
	names := make([]string, len(body))
	for k, row := range body {
		names[k] = unquoted(row[named])
	}
	numbered = slices.DeleteFunc(numbered, func(i int) bool { return i == named })
	if head != nil && len(numbered) > 1 && head[numbered[0]] == "" {
		numbered = numbered[1:] // the rows' numbers of pandas
	}
	return byNumbers(head, names, numbered, numbers)
}

// byNumbers is names in the order of these columns, which must be the same; without a head
// it is that of the first column that may number them. Without columns it is as it is.
func byNumbers(head, names []string, columns []int, numbers [][]int) (ordered []string, err error) {
	first := -1
	var wrong error
	for _, i := range columns {
		list, err := order(numbers[i], names)
		switch {
		case err != nil:
			wrong = cmp.Or(wrong, err)
		case first < 0:
			first, ordered = i, list
		case head != nil && !slices.Equal(list, ordered):
			return nil, fmt.Errorf("the columns %s and %s number the names differently: want one of them",
				head[first], head[i])
		}
	}
	switch {
	case first >= 0:
		return ordered, nil
	case head == nil: // a table without numbers is none
		return nil, nil
	case wrong != nil:
		return nil, wrong
	}
	return names, nil
}

// number says that a cell has no name in it.
func number(cell string) bool {
	_, err := strconv.ParseFloat(cell, 64)
	return cell == "" || err == nil
}

// whole is the whole numbers that all cells are.
func whole(cells []string) ([]int, bool) {
	numbers := make([]int, len(cells))
	for i, cell := range cells {
		n, err := strconv.Atoi(cell)
		if err != nil {
			return nil, false
		}
		numbers[i] = n
	}
	return numbers, true
}
