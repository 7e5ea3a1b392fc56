package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/atomicfile"
)

// The files of the study's table.
const (
	tableMarkdown = "table.md"
	tableCSV      = "table.csv"
	tableJSON     = "table.json"
)

// tableRow is a row of the table: what was logged, and what came out here.
type tableRow struct {
	studyRow
	Run   string `json:"run"`   // folder
	State string `json:"state"` // ended, or what it is instead
	Ours  *ours  `json:"ours"`  // null before the first epoch
	Notes string `json:"notes"` // what the reader must know
}

// The states; a row that failed says why.
const (
	rowEnded  = "ended"
	rowNotRun = "not run"
	rowBegun  = "not ended" // it goes on when asked for again
)

// ours are the numbers of a run here.
type ours struct {
	Val             float64    `json:"val_accuracy"`
	Interval        [2]float64 `json:"val_interval"` // 95 %
	Last            float64    `json:"last_val_accuracy"`
	Train           float64    `json:"train_accuracy"` // the best of all epochs
	Aux             []float64  `json:"aux_val_accuracy,omitempty"`
	BestEpoch       int        `json:"best_epoch"`
	Epochs          int        `json:"epochs"`
	Limit           int        `json:"epoch_limit"`
	Seconds         float64    `json:"seconds"`
	SecondsPerEpoch float64    `json:"seconds_per_epoch"`
	Seed            uint64     `json:"seed"`
	Drawn           int        `json:"drawn_images,omitempty"` // 0 on photographs
	TrainImages     int        `json:"train_images,omitempty"`
	ValImages       int        `json:"val_images"`
	Majority        float64    `json:"majority_rate,omitempty"`
	Dead            string     `json:"dead,omitempty"`
	Data            string     `json:"data_digest"`
}

// tableRows are all rows, run or not, in the study's order.
func (s *study) tableRows() []tableRow {
	var rows []tableRow
	for _, r := range s.rows {
		rows = append(rows, tableRow{studyRow: r.studyRow, Run: r.dir, State: r.state(), Ours: r.ours()})
	}
	digest, _ := reference(rows)
	for i := range rows {
		rows[i].Notes = rows[i].notes(digest)
	}
	return rows
}

// state is what became of the row. Its end is the one that it was last run to,
// whatever this call asks for, so that all tables of a run say the same.
func (r *rowRun) state() string {
	switch {
	case r.err != nil:
		return "failed: " + oneLine(r.err)
	case r.record == nil:
		return rowNotRun
	case r.finished(r.record.settings.Epochs):
		return rowEnded
	case r.record.failed != "":
		return "failed: " + r.record.failed
	}
	return rowBegun
}

// ours are the numbers of the row's run, nil before its first epoch.
func (r *rowRun) ours() *ours {
	if r.epochs() == 0 {
		return nil
	}
	run := r.record
	best, _ := run.best()
	o := &ours{Last: run.last(), Train: run.trained(), Aux: best.ValHeads, BestEpoch: best.Epoch, Epochs: r.epochs(),
		Limit: run.settings.Epochs, Drawn: run.settings.Drawn,
		Seconds: run.seconds(), SecondsPerEpoch: run.seconds() / float64(r.epochs()), Seed: run.settings.Seed,
		ValImages: run.images, Data: run.digest}
	o.Val, o.Interval = run.accuracy()
	if m := run.summary; m != nil {
		o.TrainImages, o.Majority = m.TrainImages, m.MajorityRate
		if m.Dead != nil {
			o.Dead = m.Dead.String()
		}
	}
	return o
}

// notes are what the reader of a row must know; digest is of the images that all
// rows should have.
func (r *tableRow) notes(digest string) string {
	var notes []string
	if r.Note != "" {
		notes = append(notes, "logged: "+strings.TrimPrefix(r.Note, "logged "))
	}
	if r.Ours == nil {
		return strings.Join(append(notes, r.State), "; ")
	}
	if r.Ours.Drawn > 0 {
		notes = append(notes, "drawn flowers")
	}
	if n := r.Ours.Limit; n != r.Limit {
		notes = append(notes, fmt.Sprintf("limited to %d epochs, in the study to %d", n, r.Limit))
	}
	if r.State != rowEnded {
		notes = append(notes, r.State)
	}
	if r.Ours.Dead != "" {
		notes = append(notes, r.Ours.Dead)
	}
	if r.Ours.Data != digest {
		notes = append(notes, "on other images than the first row")
	}
	if len(r.Ours.Aux) > 0 {
		notes = append(notes, fmt.Sprintf("auxiliary heads %s, logged %s", percents(r.Ours.Aux), percents(r.Aux)))
	}
	return strings.Join(notes, "; ")
}

func percents(shares []float64) string {
	words := make([]string, len(shares))
	for i, v := range shares {
		words[i] = percent(v)
	}
	return strings.Join(words, " and ")
}

// writeTable writes the table's files, and the table to the standard output.
func (s *study) writeTable() error {
	if err := s.saveTable(); err != nil {
		return err
	}
	rows := s.tableRows()
	if s.c.Bool("json") {
		return writeJSON(s.c.App.Writer, rows)
	}
	w := tabwriter.NewWriter(s.c.App.Writer, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ROW\tVALIDATION\tINTERVAL\tLOGGED\tTRAINING\tLOGGED\tBEST EPOCH\tLOGGED EPOCHS\tTIME\tNOTE")
	for _, r := range rows {
		cells := r.cells()
		fmt.Fprintln(w, strings.Join(append(cells[:8:8], cells[8], cells[10]), "\t"))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(s.c.App.Writer, "%s\n", filepath.Join(s.out, tableMarkdown))
	return err
}

// saveTable writes the table's files.
func (s *study) saveTable() error {
	if err := os.MkdirAll(s.out, 0o777); err != nil {
		return fileError(err)
	}
	rows := s.tableRows()
	write := func(name string, f func(io.Writer, []tableRow) error) error {
		return atomicfile.Write(filepath.Join(s.out, name), func(w io.Writer) error { return f(w, rows) })
	}
	return fileError(errors.Join(write(tableMarkdown, writeMarkdown), write(tableCSV, writeTableCSV),
		train.WriteJSON(filepath.Join(s.out, tableJSON), rows)))
}

// reference is the first run that ended, whose images the others should have.
func reference(rows []tableRow) (digest string, first *ours) {
	for _, r := range rows {
		if r.State == rowEnded {
			return r.Ours.Data, r.Ours
		}
	}
	for _, r := range rows {
		if r.Ours != nil {
			return r.Ours.Data, r.Ours
		}
	}
	return "", nil
}

// cells are a row's texts: row, validation, interval, logged, training, logged,
// best epoch of all, logged epochs, time, time of an epoch, notes.
func (r *tableRow) cells() []string {
	loggedEpochs := "-"
	if r.Epochs > 0 {
		loggedEpochs = strconv.Itoa(r.Epochs)
	}
	logged := func(v float64) string { return fmt.Sprintf("%.2f %%", 100*v) } // as the study has them
	cells := []string{r.name(), "-", "-", logged(r.Val), "-", logged(r.Train), "-", loggedEpochs, "-", "-", r.Notes}
	if o := r.Ours; o != nil {
		cells[1] = percent(o.Val)
		cells[2] = fmt.Sprintf("%.1f to %.1f", 100*o.Interval[0], 100*o.Interval[1])
		cells[4] = percent(o.Train)
		cells[6] = fmt.Sprintf("%d of %d", o.BestEpoch, o.Epochs)
		cells[8] = seconds(o.Seconds)
		cells[9] = seconds(o.SecondsPerEpoch)
	}
	return cells
}

// writeMarkdown writes the rows that were run as a table, and names the others.
func writeMarkdown(w io.Writer, rows []tableRow) error {
	_, first := reference(rows)
	if first == nil {
		_, err := fmt.Fprintln(w, "No row of the study has been run.")
		return err
	}
	fmt.Fprintf(w, "Best accuracy on %d validation images with its 95 %% interval, seed %d", first.ValImages, first.Seed)
	if first.TrainImages > 0 {
		fmt.Fprintf(w, "; %d training images; always answering the most frequent class gives %.1f %%",
			first.TrainImages, 100*first.Majority)
	}
	fmt.Fprint(w, ".\nLogged are the numbers of the original study, on 863 validation images with a majority of 27.1 %.\n")
	if slices.ContainsFunc(rows, func(r tableRow) bool { return r.Ours != nil && r.Ours.Drawn > 0 }) {
		fmt.Fprint(w, "Those were photographs: accuracies on drawn flowers do not compare with them.\n")
	}
	fmt.Fprintln(w)
	fmt.Fprintln(w, "| row | validation | 95 % interval | logged | training | logged | best epoch | logged epochs | time | an epoch | notes |")
	fmt.Fprintln(w, "|---|---|---|---|---|---|---|---|---|---|---|")
	var absent []string
	for _, r := range rows {
		if r.Ours == nil {
			absent = append(absent, r.name())
			continue
		}
		cells := r.cells()
		for i, cell := range cells {
			cells[i] = strings.ReplaceAll(cell, "|", `\|`)
		}
		fmt.Fprintf(w, "| %s |\n", strings.Join(cells, " | "))
	}
	if len(absent) > 0 {
		fmt.Fprintf(w, "\nNot run: %s.\n", strings.Join(absent, ", "))
	}
	return nil
}

// writeTableCSV writes all rows, with empty fields where there is no number.
func writeTableCSV(w io.Writer, rows []tableRow) error {
	number := func(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }
	cw := csv.NewWriter(w)
	cw.Write([]string{"row", "state", "val_accuracy", "low", "high", "last_val_accuracy", "train_accuracy", "best_epoch",
		"epochs", "seconds", "seconds_per_epoch", "seed", "val_images", "logged_val_accuracy", "logged_train_accuracy",
		"logged_epochs", "notes", "run"}) // errors stay in cw
	for _, r := range rows {
		numbers := make([]string, 11)
		if o := r.Ours; o != nil {
			numbers = []string{number(o.Val), number(o.Interval[0]), number(o.Interval[1]), number(o.Last), number(o.Train),
				strconv.Itoa(o.BestEpoch), strconv.Itoa(o.Epochs), number(o.Seconds), number(o.SecondsPerEpoch),
				strconv.FormatUint(o.Seed, 10), strconv.Itoa(o.ValImages)}
		}
		logged := ""
		if r.Epochs > 0 {
			logged = strconv.Itoa(r.Epochs)
		}
		line := append([]string{r.name(), r.State}, numbers...)
		cw.Write(append(line, number(r.Val), number(r.Train), logged, r.Notes, r.Run))
	}
	cw.Flush()
	return cw.Error()
}
