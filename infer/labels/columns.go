package labels

import (
	"encoding/csv"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/flowerctl/flowerctl/infer/imageprep"
)

// columnNames are what tools call the column of the names, in lower case.
var columnNames = append([]string{"class_name", "label_name", "labels", "classes", "category"}, nameKeys...)

// indexNames are what tools call the column of the numbers; "" is pandas'.
var indexNames = append([]string{"", "idx", "class_idx", "class_index", "number", "#"}, numberKeys...)

// columns is the names in a table with several columns, as spreadsheets and pandas write
// it. It is nil where the lines are no such table: neither has the first one the name of a
// column, nor is there one of numbers and one of names among others.
func columns(lines []string) ([]string, error) {
	for _, comma := range "\t;," {
		r := csv.NewReader(strings.NewReader(strings.Join(lines, "\n")))
		r.Comma, r.LazyQuotes, r.TrimLeadingSpace = comma, true, comma != '\t'
		rows, err := r.ReadAll()
		if err != nil || len(rows) < 2 || len(rows[0]) < 2 {
			continue
		}
		head, body, named := rows[0], rows[1:], -1
		for i, cell := range head {
			if named < 0 && slices.Contains(columnNames, strings.ToLower(strings.TrimSpace(cell))) {
				named = i
			}
		}
		if named < 0 && head[0] != "" { // an index of pandas has no name
			if len(head) < 3 {
				continue
			}
			head, body = nil, rows
		}
		names, err := ofColumns(head, body, named)
		if names != nil || err != nil {
			return names, err
		}
	}
	return nil, nil
}

// ofColumns is the names in column named of a table, or in its only one without numbers
// where that is -1, by its column of numbers, which a table without a head needs.
func ofColumns(head []string, body [][]string, named int) ([]string, error) {
	numbered, texts := -1, []int{}
	var numbers []int
	for i := range body[0] {
		cells := make([]string, len(body))
		for k, row := range body {
			cells[k] = strings.TrimSpace(row[i])
		}
		if n, ok := whole(cells); !ok {
			if i != named && !slices.ContainsFunc(cells, func(c string) bool { return !imageprep.ImageName(c) }) {
				return nil, errors.New("it lists pictures with their classes: want the classes, once each")
			}
			if !slices.ContainsFunc(cells, number) {
				texts = append(texts, i)
			}
		} else if head != nil && !slices.Contains(indexNames, strings.ToLower(strings.TrimSpace(head[i]))) {
			continue // counts of pictures may be 1 and 2
		} else if _, err := order(n, cells); i != named && numbered < 0 {
			if err != nil && head != nil {
				return nil, err
			}
			if err == nil {
				numbered, numbers = i, n
			}
		}
	}
	if named < 0 && len(texts) == 1 && numbered >= 0 {
		named = texts[0]
	}
	if named < 0 {
		return nil, nil
	}
	names := make([]string, len(body))
	for k, row := range body {
		names[k] = unquoted(row[named])
	}
	if numbered < 0 {
		return names, nil
	}
	return order(numbers, names)
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
