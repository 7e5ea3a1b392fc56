package train

import (
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/flowerctl/flowerctl/train/table"
)

// Epoch is a row of the history.
type Epoch struct {
	Epoch        int     `json:"epoch"`    // from 1
	LearningRate float64 `json:"lr"`       // of its last step
	Loss         float64 `json:"loss"`     // mean over the training images, while training
	Accuracy     float64 `json:"accuracy"` // of the main head, while training
	ValLoss      float64 `json:"val_loss"`
	ValAccuracy  float64 `json:"val_accuracy"`
	// ValMAP is the mean average precision where an image has several labels, and nil
	// elsewhere; accuracies are the share of images then of which all labels are right.
	ValMAP          *float64 `json:"val_map,omitempty"`
	Seconds         float64  `json:"seconds"`           // training and validation
	ImagesPerSecond float64  `json:"images_per_second"` // of training
	// Heads and ValHeads are the accuracies of the auxiliary heads.
	Heads    []float64 `json:"heads,omitempty"`
	ValHeads []float64 `json:"val_heads,omitempty"`
	// Rollbacks is how often the run went back in it, see RollbackOnNaN.
	Rollbacks int `json:"rollbacks,omitempty"`
}

var historyHeader = []string{"epoch", "lr", "loss", "accuracy", "val_loss", "val_accuracy",
	"seconds", "images_per_second"}

// mapColumn comes after those in a history of several labels an image.
const mapColumn = "val_map"

// rollbackColumn is the last column of a history with rollbacks.
const rollbackColumn = "rollbacks"

// columns are the header of the history of a network with these auxiliary heads.
func columns(heads []string, multi, rollbacks bool) []string {
	c := slices.Clone(historyHeader)
	if multi {
		c = append(c, mapColumn)
	}
	for _, h := range heads {
		c = append(c, "accuracy_"+h, "val_accuracy_"+h)
	}
	if rollbacks {
		c = append(c, rollbackColumn)
	}
	return c
}

// WriteHistory writes history.csv: a header and a line for each epoch, with two
// more columns for each auxiliary head, and one more where the run went back. Losses,
// accuracies and rates keep all their digits.
func WriteHistory(w io.Writer, history []Epoch, heads []string) error {
	rollbacks := slices.ContainsFunc(history, func(e Epoch) bool { return e.Rollbacks > 0 })
	multi := len(history) > 0 && history[0].ValMAP != nil
	t := table.New(columns(heads, multi, rollbacks)...)
	number := func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
	for _, e := range history {
		row := []string{strconv.Itoa(e.Epoch), number(e.LearningRate), number(e.Loss),
			number(e.Accuracy), number(e.ValLoss), number(e.ValAccuracy),
			strconv.FormatFloat(e.Seconds, 'f', 2, 64),
			strconv.FormatFloat(e.ImagesPerSecond, 'f', 1, 64)}
		if multi && e.ValMAP != nil {
			row = append(row, number(*e.ValMAP))
		}
		for i := range heads {
			row = append(row, number(e.Heads[i]), number(e.ValHeads[i]))
		}
		if rollbacks {
			row = append(row, strconv.Itoa(e.Rollbacks))
		}
		t.Rows = append(t.Rows, row)
	}
	return t.WriteCSV(w)
}

// ReadHistory reads what WriteHistory wrote, and the names of the auxiliary
// heads.
func ReadHistory(r io.Reader) (history []Epoch, heads []string, err error) {
	rows, err := csv.NewReader(r).ReadAll()
	if err != nil {
		return nil, nil, fmt.Errorf("history: %w", err)
	}
	if len(rows) == 0 || len(rows[0]) < len(historyHeader) {
		return nil, nil, fmt.Errorf("history: first line is not %v", historyHeader)
	}
	own := len(historyHeader) // columns before those of the heads
	multi := len(rows[0]) > own && rows[0][own] == mapColumn
	if multi {
		own++
	}
	for _, name := range rows[0][own:] {
		if len(name) > len("accuracy_") && name[:9] == "accuracy_" {
			heads = append(heads, name[9:])
		}
	}
	rollbacks := rows[0][len(rows[0])-1] == rollbackColumn
	if want := columns(heads, multi, rollbacks); !slices.Equal(rows[0], want) {
		return nil, nil, fmt.Errorf("history: first line is not %v", want)
	}
	for line, row := range rows[1:] {
		v := make([]float64, len(row))
		for i, text := range row {
			if v[i], err = strconv.ParseFloat(text, 64); err != nil {
				return nil, nil, fmt.Errorf("history: line %d: %w", line+2, err)
			}
		}
		e := Epoch{Epoch: int(v[0]), LearningRate: v[1], Loss: v[2], Accuracy: v[3], ValLoss: v[4],
			ValAccuracy: v[5], Seconds: v[6], ImagesPerSecond: v[7]}
		if rollbacks {
			e.Rollbacks = int(v[len(v)-1])
		}
		if multi {
			e.ValMAP = &v[own-1]
		}
		for i := own; i+1 < len(v); i += 2 {
			e.Heads, e.ValHeads = append(e.Heads, v[i]), append(e.ValHeads, v[i+1])
		}
		history = append(history, e)
	}
	return history, heads, nil
}
