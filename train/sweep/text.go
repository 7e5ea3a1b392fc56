package sweep

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/flowerctl/flowerctl/train/compare"
	"github.com/flowerctl/flowerctl/train/permanent"
	"github.com/flowerctl/flowerctl/train/run"
	"github.com/flowerctl/flowerctl/train/table"
)

// lines are the trials as numbers, for sweep.csv.
func (r *Result) lines() *table.Table {
	t := table.New(slices.Concat([]string{"trial", "run", "state", "point"}, r.Tried, []string{"seed",
		"fold", "epochs", "best_epoch", "figure", "value", "val_accuracy", "low", "high",
		"test_accuracy", "seconds", "reason"})...)
	number := func(v *float64) string {
		if v == nil {
			return ""
		}
		return strconv.FormatFloat(*v, 'g', 6, 64)
	}
	for _, row := range r.Trials {
		cells := []string{strconv.Itoa(row.Trial), row.Run, string(row.State), strconv.Itoa(row.Point)}
		for _, key := range r.Tried {
			cells = append(cells, row.Tried[key])
		}
		low, high := &row.ValInterval[0], &row.ValInterval[1]
		if row.ValAccuracy == nil {
			low, high = nil, nil
		}
		t.Rows = append(t.Rows, append(cells, strconv.FormatUint(row.Seed, 10), strconv.Itoa(row.Fold),
			strconv.Itoa(row.Epochs), strconv.Itoa(row.BestEpoch), string(r.Figure), number(row.Value),
			number(row.ValAccuracy), number(low), number(high), number(row.Test), number(&row.Seconds),
			row.Reason))
	}
	return t
}

// Compare puts the trials beside each other that have an epoch; nil where none has.
func (r *Result) Compare() (*compare.Comparison, error) {
	var names []string
	for _, row := range r.Trials {
		if row.Epochs > 0 {
			names = append(names, row.Run)
		}
	}
	if len(names) == 0 {
		return nil, nil
	}
	records, _, err := compare.Read(names)
	if err != nil {
		return nil, err
	}
	return compare.New(records)
}

// WriteText writes which settings are best, for people.
func (r *Result) WriteText(w io.Writer) error {
	_, err := fmt.Fprintln(w, r.line())
	return err
}

func (r *Result) line() string {
	b := r.Best
	if b == nil {
		return fmt.Sprintf("%s: no settings have all of their trials ended", r.Sweep)
	}
	text := fmt.Sprintf("best %s of %s: %s, ", r.Figure, table.Count(len(r.Points), "setting"),
		inWords(b.Tried))
	if b.Deviation != nil {
		worse := *b.Mean - *b.Deviation
		if r.Figure.isLoss() {
			worse = *b.Mean + *b.Deviation
		}
		return text + fmt.Sprintf("mean %s of %d trials (standard deviation %s%s), the best of them %s",
			r.Figure.text(*b.Mean), len(b.Trials), r.Figure.points(*b.Deviation), r.within(worse), b.Run)
	}
	text += fmt.Sprintf("%s, %s", r.Figure.text(*b.Mean), b.Run)
	if r.Figure != ValAccuracy {
		return text
	}
	return text + fmt.Sprintf(" (95 %% interval %.1f to %.1f%s)", 100*b.Interval[0],
		100*b.Interval[1], r.within(b.Interval[0]))
}

// within says how many settings besides the best are not worse than a value, "" for none.
func (r *Result) within(value float64) string {
	others := -1 // without the best
	for _, p := range r.Points {
		if p.Mean != nil && !r.Figure.better(value, *p.Mean) {
			others++
		}
	}
	switch others {
	case 0:
		return ""
	case 1:
		return "; another one of the settings is within it"
	}
	return fmt.Sprintf("; %d others of the settings are within it", others)
}

// AppendBest appends a line for each of the folders that is a sweep's, which says which
// settings are best there. A plan that was changed is a [*permanent.Error].
func AppendBest(lines []string, dirs []string) ([]string, error) {
	for _, dir := range dirs {
		if !(run.Folder{Dir: dir}).Planned() {
			continue
		}
		s, err := Read(dir)
		var changed *permanent.Error
		if errors.As(err, &changed) {
			changed.Remedy = filepath.Join(dir, "trial-*") + " names the runs without it"
		}
		if err != nil {
			return nil, err
		}
		r, err := s.result(false)
		if err != nil {
			return nil, err
		}
		line := r.line()
		if r.Best != nil {
			line = r.Sweep + ": " + line
		}
		lines = append(lines, line)
	}
	return lines, nil
}

// Line is what became of a trial, for people.
func (r *Row) Line(f Figure) string {
	switch {
	case r.State == Failed:
		return fmt.Sprintf("%s failed: %s", r.Run, r.Reason)
	case r.Value == nil:
		return fmt.Sprintf("%s: %s", r.Run, r.State)
	}
	return fmt.Sprintf("%s: %s %s, epoch %d of %d", r.Run, f, f.text(*r.Value), r.BestEpoch, r.Epochs)
}

// inWords are settings for people.
func inWords(tried map[string]string) string {
	var list []string
	for _, key := range slices.Sorted(maps.Keys(tried)) {
		list = append(list, key+" "+tried[key])
	}
	return strings.Join(list, ", ")
}

// Status is how far a sweep is. Its JSON is what `flowerctl status --json` prints.
type Status struct {
	Kind    string   `json:"kind"` // sweep
	Figure  Figure   `json:"figure"`
	Trials  int      `json:"trials"`
	Ended   int      `json:"trials_ended"`
	LeftOut int      `json:"trials_left_out"`
	Failed  int      `json:"trials_failed"`
	AtWork  []string `json:"at_work"` // folders
	Begun   []string `json:"begun"`
	ToBegin int      `json:"trials_to_begin"`
	Round   int      `json:"round,omitempty"`
	Rounds  int      `json:"rounds,omitempty"`
	Epochs  int      `json:"epochs_done"`
	Best    *Point   `json:"best"` // of those that ended

	result *Result
}

// ReadStatus reads how far the trials of a sweep's folder are.
func ReadStatus(dir string) (*Status, error) {
	s, err := Read(dir)
	if err != nil {
		return nil, err
	}
	r, err := s.result(true)
	if err != nil {
		return nil, err
	}
	st := &Status{Kind: "sweep", Figure: r.Figure, Trials: len(r.Trials), Round: r.Round, Best: r.Best,
		AtWork: []string{}, Begun: []string{}, result: r}
	if r.Halving != nil {
		st.Rounds = len(r.Halving.Epochs)
	}
	for _, row := range r.Trials {
		st.Epochs += row.Epochs
		switch row.State {
		case Ended:
			st.Ended++
		case LeftOut:
			st.LeftOut++
		case Failed:
			st.Failed++
		case AtWork:
			st.AtWork = append(st.AtWork, row.Run)
		case Begun:
			st.Begun = append(st.Begun, row.Run)
		default:
			st.ToBegin++
		}
	}
	return st, nil
}

// WriteText writes the status for people.
func (s *Status) WriteText(w io.Writer) error {
	text := fmt.Sprintf("sweep: %d of %s ended", s.Ended, table.Count(s.Trials, "trial"))
	if s.Rounds > 0 {
		text += fmt.Sprintf(", %d left out, round %d of %d", s.LeftOut, s.Round, s.Rounds)
	}
	text += fmt.Sprintf("; %d failed, %d at work, %d begun, %d to begin; %s\n", s.Failed,
		len(s.AtWork), len(s.Begun), s.ToBegin, table.Count(s.Epochs, "epoch"))
	if s.Best != nil {
		text += s.result.line() + "\n"
	}
	for _, row := range s.result.Failures() {
		text += row.Line(s.Figure) + "\n"
	}
	_, err := io.WriteString(w, text)
	return err
}
