package study

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/atomicfile"
	"github.com/flowerctl/flowerctl/train/table"
)

// TableFile is the table for people; table.csv and table.json stand beside it.
const TableFile = "table.md"

// TableRow is a row of the table: what was logged, and what came out here.
type TableRow struct {
	Row
	Run      string    `json:"run"`   // folder
	State    string    `json:"state"` // ended, or what it is instead
	Measured *Measured `json:"ours"`  // null before the first epoch
	Notes    string    `json:"notes"` // what the reader must know
}

// The states of a row; one that failed says why.
const (
	Ended  = "ended"
	NotRun = "not run"
	Begun  = "not ended" // it goes on when asked for again
)

// Measured are the numbers of a run of this program.
type Measured struct {
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

// TableRows are all rows, run or not, in the study's order.
func (s *Study) TableRows() []TableRow {
	var rows []TableRow
	for _, r := range s.Attempts {
		rows = append(rows, TableRow{Row: r.Row, Run: r.Folder.Dir, State: r.state(),
			Measured: r.measured()})
	}
	digest, _ := reference(rows)
	for i := range rows {
		rows[i].Notes = rows[i].notes(digest)
	}
	return rows
}

// state is what became of the row. Its end is the one that it was last run to,
// whatever this call asks for, so that all tables of a run say the same.
func (a *Attempt) state() string {
	switch {
	case a.Err != nil:
		return "failed: " + strings.ReplaceAll(a.Err.Error(), "\n", "; ")
	case a.Record == nil:
		return NotRun
	case a.finished(a.Record.Settings.Epochs):
		return Ended
	case a.Record.Failed != "":
		return "failed: " + a.Record.Failed
	}
	return Begun
}

// ours are the numbers of the row's run, nil before its first epoch.
func (a *Attempt) measured() *Measured {
	if a.EpochsDone() == 0 {
		return nil
	}
	r := a.Record
	best, _ := r.Best()
	o := &Measured{Last: r.LastAccuracy(), Train: r.TrainAccuracy(), Aux: best.ValHeads,
		BestEpoch: best.Epoch, Epochs: a.EpochsDone(),
		Limit: r.Settings.Epochs, Drawn: r.Settings.Drawn,
		Seconds: r.Seconds(), SecondsPerEpoch: r.Seconds() / float64(a.EpochsDone()),
		Seed: r.Settings.Seed, ValImages: r.Images, Data: r.Digest}
	o.Val, o.Interval = r.Accuracy()
	if m := r.Summary; m != nil {
		o.TrainImages, o.Majority = m.TrainImages, m.MajorityRate
		if m.Dead != nil {
			o.Dead = m.Dead.String()
		}
	}
	return o
}

// notes are what the reader of a row must know; digest is of the images that all
// rows should have.
func (r *TableRow) notes(digest string) string {
	var notes []string
	if r.Note != "" {
		notes = append(notes, "logged: "+strings.TrimPrefix(r.Note, "logged "))
	}
	if r.Measured == nil {
		return strings.Join(append(notes, r.State), "; ")
	}
	if r.Measured.Drawn > 0 {
		notes = append(notes, "drawn flowers")
	}
	if n := r.Measured.Limit; n != r.Limit {
		notes = append(notes, fmt.Sprintf("limited to %s, in the study to %d", table.Count(n, "epoch"),
			r.Limit))
	}
	if r.State != Ended {
		notes = append(notes, r.State)
	}
	if r.Measured.Dead != "" {
		notes = append(notes, r.Measured.Dead)
	}
	if r.Measured.Data != digest {
		notes = append(notes, "on other images than the first row")
	}
	if len(r.Measured.Aux) > 0 {
		notes = append(notes, fmt.Sprintf("auxiliary heads %s, logged %s", percents(r.Measured.Aux),
			percents(r.Aux)))
	}
	return strings.Join(notes, "; ")
}

func percents(shares []float64) string {
	words := make([]string, len(shares))
	for i, v := range shares {
		words[i] = table.Percent(v)
	}
	return strings.Join(words, " and ")
}

// NothingRunError says that there is no run to make a table of.
type NothingRunError struct {
	Dir    string // of the table, which is no folder of a sweep
	Looked string // where the run of the first row would be
}

func (e *NothingRunError) Error() string {
	return fmt.Sprintf("no row was run: there is no %s, nor others like it, and %s is not the "+
		"folder of a sweep", e.Looked, e.Dir)
}

// WriteTable writes the table's files into a folder, which it makes. Where only numbers are
// wanted and there are none, it is a [*NothingRunError].
func (s *Study) WriteTable(dir string) error {
	begun := func(a *Attempt) bool { return a.Record != nil }
	if s.options.Numbers && s.options.Sweep == "" && !slices.ContainsFunc(s.Attempts, begun) {
		return &NothingRunError{dir, s.Attempts[0].Folder.Dir}
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	rows := s.TableRows()
	write := func(name string, f func(io.Writer, []TableRow) error) error {
		return atomicfile.Write(filepath.Join(dir, name), func(w io.Writer) error { return f(w, rows) })
	}
	return errors.Join(write(TableFile, writeMarkdown), write("table.csv", writeCSV),
		train.WriteJSON(filepath.Join(dir, "table.json"), rows))
}

// reference is the first run that ended, whose images the others should have.
func reference(rows []TableRow) (digest string, first *Measured) {
	for _, r := range rows {
		if r.State == Ended {
			return r.Measured.Data, r.Measured
		}
	}
	for _, r := range rows {
		if r.Measured != nil {
			return r.Measured.Data, r.Measured
		}
	}
	return "", nil
}

// cells are a row's texts: row, validation, interval, logged, training, logged,
// best epoch of all, logged epochs, time, time of an epoch, notes.
func (r *TableRow) cells() []string {
	loggedEpochs := "-"
	if r.Epochs > 0 {
		loggedEpochs = strconv.Itoa(r.Epochs)
	}
	logged := func(v float64) string { return fmt.Sprintf("%.2f %%", 100*v) } // as the study has them
	cells := []string{r.Name(), "-", "-", logged(r.Val), "-", logged(r.Train), "-", loggedEpochs,
		"-", "-", r.Notes}
	if o := r.Measured; o != nil {
		cells[1] = table.Percent(o.Val)
		cells[2] = fmt.Sprintf("%.1f to %.1f", 100*o.Interval[0], 100*o.Interval[1])
		cells[4] = table.Percent(o.Train)
		cells[6] = fmt.Sprintf("%d of %d", o.BestEpoch, o.Epochs)
		cells[8] = table.Seconds(o.Seconds)
		cells[9] = table.Seconds(o.SecondsPerEpoch)
	}
	return cells
}

// writeMarkdown writes the rows that were run as a table, and names the others.
func writeMarkdown(w io.Writer, rows []TableRow) error {
	_, first := reference(rows)
	if first == nil {
		_, err := fmt.Fprintln(w, "No row of the study has been run.")
		return err
	}
	fmt.Fprintf(w, "Best accuracy on %d validation images with its 95 %% interval, seed %d",
		first.ValImages, first.Seed)
	if first.TrainImages > 0 {
		fmt.Fprintf(w, "; %d training images; always answering the most frequent class gives %.1f %%",
			first.TrainImages, 100*first.Majority)
	}
	fmt.Fprint(w, ".\nLogged are the numbers of the original study, on 863 validation images "+
		"with a majority of 27.1 %.\n")
	if slices.ContainsFunc(rows,
		func(r TableRow) bool { return r.Measured != nil && r.Measured.Drawn > 0 }) {
		fmt.Fprint(w, "Those were photographs: accuracies on drawn flowers do not compare with them.\n")
	}
	fmt.Fprintln(w)
	t := table.New("row", "validation", "95 % interval", "logged", "training", "logged", "best epoch",
		"logged epochs", "time", "an epoch", "notes")
	var absent []string
	for _, r := range rows {
		if r.Measured == nil {
			absent = append(absent, r.Name())
			continue
		}
		t.Rows = append(t.Rows, r.cells())
	}
	if err := t.WriteMarkdown(w); err != nil {
		return err
	}
	if len(absent) > 0 {
		fmt.Fprintf(w, "\nNot run: %s.\n", strings.Join(absent, ", "))
	}
	return nil
}

// writeCSV writes all rows, with empty fields where there is no number.
func writeCSV(w io.Writer, rows []TableRow) error {
	number := func(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }
	t := table.New("row", "state", "val_accuracy", "low", "high", "last_val_accuracy",
		"train_accuracy", "best_epoch", "epochs", "seconds", "seconds_per_epoch", "seed",
		"val_images", "logged_val_accuracy", "logged_train_accuracy", "logged_epochs", "notes", "run")
	for _, r := range rows {
		numbers := make([]string, 11)
		if o := r.Measured; o != nil {
			numbers = []string{number(o.Val), number(o.Interval[0]), number(o.Interval[1]), number(o.Last),
				number(o.Train), strconv.Itoa(o.BestEpoch), strconv.Itoa(o.Epochs), number(o.Seconds),
				number(o.SecondsPerEpoch), strconv.FormatUint(o.Seed, 10), strconv.Itoa(o.ValImages)}
		}
		logged := ""
		if r.Epochs > 0 {
			logged = strconv.Itoa(r.Epochs)
		}
		line := append([]string{r.Name(), r.State}, numbers...)
		t.Rows = append(t.Rows, append(line, number(r.Val), number(r.Train), logged, r.Notes, r.Run))
	}
	return t.WriteCSV(w)
}

// Text is the table for a terminal, with a row for each.
func Text(rows []TableRow) *table.Table {
	t := table.New("row", "validation", "interval", "logged", "training", "logged", "best epoch",
		"logged epochs", "time", "note")
	for _, r := range rows {
		cells := r.cells()
		t.Rows = append(t.Rows, append(cells[:9:9], cells[10]))
	}
	return t
}
