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
	Epoch           int     `json:"epoch"`    // from 1
	LearningRate    float64 `json:"lr"`       // of its last step
	Loss            float64 `json:"loss"`     // mean over the training images, while training
	Accuracy        float64 `json:"accuracy"` // of the main head, while training
	ValLoss         float64 `json:"val_loss"`
	ValAccuracy     float64 `json:"val_accuracy"`
	Seconds         float64 `json:"seconds"`           // training and validation
	ImagesPerSecond float64 `json:"images_per_second"` // of training
	// Heads and ValHeads are the accuracies of the auxiliary heads.
	Heads    []float64 `json:"heads,omitempty"`
	ValHeads []float64 `json:"val_heads,omitempty"`
	// CalibratedLoss is that of [metrics.Answers.CalibratedLoss], 0 but where it is the monitor.
	CalibratedLoss float64 `json:"val_calibrated_loss,omitempty"`
	// Rollbacks is how often the run went back in it, see RollbackOnNaN.
	Rollbacks int `json:"rollbacks,omitempty"`
}

var historyHeader = []string{"epoch", "lr", "loss", "accuracy", "val_loss", "val_accuracy",
	"seconds", "images_per_second"}

type extraColumn struct {
	name  string
	value func(*Epoch) float64
	set   func(*Epoch, float64)
}

// extra are the columns after those of the heads, each where an epoch has a value.
var extra = []extraColumn{
	{"val_calibrated_loss", func(e *Epoch) float64 { return e.CalibratedLoss },
		func(e *Epoch, v float64) { e.CalibratedLoss = v }},
	{"rollbacks", func(e *Epoch) float64 { return float64(e.Rollbacks) },
		func(e *Epoch, v float64) { e.Rollbacks = int(v) }},
}

// columns are the header of the history of a network with these auxiliary heads.
func columns(heads []string, more ...string) []string {
	c := slices.Clone(historyHeader)
	for _, h := range heads {
		c = append(c, "accuracy_"+h, "val_accuracy_"+h)
	}
	return append(c, more...)
}

// WriteHistory writes history.csv: a header and a line for each epoch, with two
// more columns for each auxiliary head, one for the calibrated loss where that is the
// monitor, and one where the run went back. Losses, accuracies and rates keep all their
// digits.
func WriteHistory(w io.Writer, history []Epoch, heads []string) error {
	there := slices.DeleteFunc(slices.Clone(extra), func(x extraColumn) bool {
		return !slices.ContainsFunc(history, func(e Epoch) bool { return x.value(&e) != 0 })
	})
	var names []string
	for _, x := range there {
		names = append(names, x.name)
	}
	t := table.New(columns(heads, names...)...)
	number := func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
	for _, e := range history {
		row := []string{strconv.Itoa(e.Epoch), number(e.LearningRate), number(e.Loss),
			number(e.Accuracy), number(e.ValLoss), number(e.ValAccuracy),
			strconv.FormatFloat(e.Seconds, 'f', 2, 64),
			strconv.FormatFloat(e.ImagesPerSecond, 'f', 1, 64)}
		for i := range heads {
			row = append(row, number(e.Heads[i]), number(e.ValHeads[i]))
		}
		for _, x := range there {
			row = append(row, number(x.value(&e)))
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
	for _, name := range rows[0][len(historyHeader):] {
		if len(name) > len("accuracy_") && name[:9] == "accuracy_" {
			heads = append(heads, name[9:])
		}
	}
	var there []extraColumn
	names := rows[0][min(len(rows[0]), len(columns(heads))):]
	for _, x := range extra {
		if len(there) < len(names) && names[len(there)] == x.name {
			there = append(there, x)
		}
	}
	if want := columns(heads, names[:len(there)]...); !slices.Equal(rows[0], want) {
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
		first := len(v) - len(there)
		for i, x := range there {
			x.set(&e, v[first+i])
		}
		for i := len(historyHeader); i+1 < first; i += 2 {
			e.Heads, e.ValHeads = append(e.Heads, v[i]), append(e.ValHeads, v[i+1])
		}
		history = append(history, e)
	}
	return history, heads, nil
}
