package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/train"
)

// rowRun is a row of the study, and what was run of it.
type rowRun struct {
	studyRow
	dir    string
	plan   *plan      // as this call runs it, from the start
	record *runRecord // nil where it was not begun
	err    error      // why it did not end in this call, but for want of time
}

// read looks into the row's folder. A run there must be of this row, with these
// images and this seed unless only its numbers are wanted.
func (r *rowRun) read(numbers bool) (err error) {
	if _, err := os.Stat(filepath.Join(r.dir, train.ConfigFile)); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if r.record, err = readRun(r.dir); err != nil {
		return err
	}
	was, want := r.record.settings, r.plan.settings
	switch {
	case numbers:
		want.Seed, want.Drawn = was.Seed, was.Drawn
	case was.Data != "" && want.Data == "":
		return fail(fmt.Errorf("%s was trained on the images of %s, and no --data is given", r.dir, was.Data),
			"--data "+was.Data+" goes on with it")
	case was.Data == "" && want.Data != "":
		return fail(fmt.Errorf("%s was trained on drawn flowers, not on %s", r.dir, want.Data),
			"remove the folder, or move it elsewhere")
	}
	want.Data, want.Epochs, want.Threads = was.Data, was.Epochs, was.Threads
	if key, a, b := firstDifference(was, want); key != "" {
		return fail(fmt.Errorf("%s is not a run of %s as it is asked for: %s is %s there, want %s", r.dir, r.name(), key, a, b),
			"move the folder elsewhere; of one row, --force writes over it and --out names another")
	}
	return nil
}

// firstDifference names a setting that differs, with both values as JSON.
func firstDifference(a, b settings) (key, inA, inB string) {
	if reflect.DeepEqual(a, b) {
		return "", "", ""
	}
	t := reflect.TypeFor[settings]()
	for i := range t.NumField() {
		x, y := reflect.ValueOf(a).Field(i).Interface(), reflect.ValueOf(b).Field(i).Interface()
		if !reflect.DeepEqual(x, y) {
			u, _ := json.Marshal(x) // they come from JSON
			v, _ := json.Marshal(y)
			return t.Field(i).Tag.Get("json"), string(u), string(v)
		}
	}
	return "", "", ""
}

// epochs are those that were done.
func (r *rowRun) epochs() int {
	if r.record == nil {
		return 0
	}
	return len(r.record.history)
}

// ended says whether the row was run to the end that this call asks for.
func (r *rowRun) ended() bool { return r.finished(r.plan.Epochs) }

// finished says whether the row was run to its end: a limit, or its patience.
func (r *rowRun) finished(limit int) bool {
	if r.record == nil || r.record.summary == nil {
		return false
	}
	if _, err := os.Stat(filepath.Join(r.dir, train.ReportFile)); err != nil {
		return false // it was killed before the last file
	}
	return r.record.summary.Stopped == train.NoBetter || r.epochs() >= limit
}

// study is one call of reproduce.
type study struct {
	c     *cli.Context
	rows  []*rowRun
	table bool   // is written
	out   string // folder of the table
}

// run runs what is left of the rows, the cheapest first.
func (s *study) run() error {
	user := s.c.Context
	if budget := s.c.Duration("budget"); budget > 0 {
		var cancel context.CancelFunc
		s.c.Context, cancel = context.WithTimeout(user, budget)
		defer cancel()
	}
	ran := 0
	for r := s.next(); r != nil && s.c.Context.Err() == nil; r = s.next() {
		s.announce(r)
		r.err = s.runRow(r, ran > 0)
		ran++
		if stopped := s.c.Context.Err() != nil && r.err != nil && errors.Is(r.err, s.c.Context.Err()); stopped {
			r.err = nil
			talk(s.c, "%s stopped after %d epochs; the same command goes on with it", r.name(), r.epochs())
		}
		if r.err != nil {
			talk(s.c, "%s: %s", r.name(), oneLine(r.err))
		}
		if s.table {
			if err := s.saveTable(); err != nil {
				return err
			}
		}
	}
	if user.Err() != nil {
		return user.Err()
	}
	if s.next() != nil {
		talk(s.c, "the budget of %s is spent: %d of %d rows are left for the same command",
			s.c.Duration("budget"), len(s.rows)-s.ended(), len(s.rows))
	}
	if err := s.result(); err != nil {
		return err
	}
	return s.failures()
}

// result writes what was asked for: the table, or the one row's line.
func (s *study) result() error {
	if s.table {
		return s.writeTable()
	}
	r := s.rows[0]
	switch {
	case r.err != nil:
		return r.err
	case !r.ended():
		return nil // the budget is spent, which was said
	}
	return tellSummary(s.c, r.dir, *r.record.summary)
}

// failures sums up the rows that failed.
func (s *study) failures() error {
	var errs []error
	for _, r := range s.rows {
		if r.err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", r.name(), r.err))
		}
	}
	return errors.Join(errs...)
}

// next is the cheapest row that is not done.
func (s *study) next() *rowRun {
	var best *rowRun
	var cheapest float64
	for _, r := range s.rows {
		if r.ended() || r.err != nil {
			continue
		}
		if cost, _ := s.cost(r); best == nil || cost < cheapest {
			best, cheapest = r, cost
		}
	}
	return best
}

// guess is how many operations a second training does where no row was
// measured yet: it decides an order only.
const guess = 1e11

// cost estimates the seconds that the rest of a row takes, and says whether that
// rests on a measurement: of this row, or of what others took for an operation.
// A row is taken to need as many epochs as in the study.
func (s *study) cost(r *rowRun) (seconds float64, measured bool) {
	epochs := r.Epochs
	if epochs == 0 || epochs > r.plan.Epochs {
		epochs = r.plan.Epochs
	}
	left := float64(max(1, epochs-r.epochs()))
	if n := r.epochs(); n > 0 {
		return left * r.record.seconds() / float64(n), true
	}
	var took, work float64
	for _, other := range s.rows {
		if n := other.epochs(); n > 0 {
			took += other.record.seconds()
			work += float64(n) * other.work()
		}
	}
	if work == 0 {
		return left * r.work() / guess, false
	}
	return left * r.work() * took / work, true
}

// work is the operations of an epoch, to a factor that all rows share. Forward
// and backward are three times forward.
func (r *rowRun) work() float64 {
	const images = 3454 // the study's
	spec, err := r.plan.spec(5)
	if err != nil {
		return 0
	}
	flops, _, err := spec.FLOPs()
	if err != nil {
		return 0
	}
	return 3 * images * float64(flops)
}

// ended counts the rows that need no more.
func (s *study) ended() (n int) {
	for _, r := range s.rows {
		if r.ended() {
			n++
		}
	}
	return n
}

// announce says which row comes, and how long it may take.
func (s *study) announce(r *rowRun) {
	text := r.name()
	if len(s.rows) > 1 {
		text += fmt.Sprintf(" (%d of %d rows are done)", s.ended(), len(s.rows))
	}
	if n := r.epochs(); n > 0 {
		text += fmt.Sprintf(", on from epoch %d", n)
	}
	if cost, measured := s.cost(r); measured {
		text += ", about " + seconds(cost)
	}
	talk(s.c, "%s; logged in the study: validation accuracy %s", text, r.logged())
}

// runRow runs a row, or goes on with it, until it ends.
func (s *study) runRow(r *rowRun, quiet bool) (err error) {
	defer func() {
		if _, statErr := os.Stat(filepath.Join(r.dir, train.ConfigFile)); statErr == nil {
			record, readErr := readRun(r.dir)
			err = errors.Join(err, readErr)
			r.record = record
		}
	}()
	t := &trainRun{show: newProgress(s.c.App.ErrWriter), dir: r.dir, plan: r.plan, quiet: quiet}
	if _, statErr := os.Stat(filepath.Join(r.dir, train.LastFile)); statErr == nil && r.record != nil {
		if err := t.load(); err != nil {
			return err
		}
		if t.plan, err = resolve(r.resumed(s.c)); err != nil {
			return err
		}
	}
	session, err := t.prepare(s.c)
	if err != nil {
		return err
	}
	_, err = t.train(s.c.Context, session)
	return errors.Join(err, session.Close())
}

// resumed are the settings of a run that goes on: its own, but for where the
// images are, how many epochs it has, and threads that were asked for.
func (r *rowRun) resumed(c *cli.Context) settings {
	was := r.record.settings
	was.Epochs = r.plan.Epochs
	if r.plan.Data != "" {
		was.Data = r.plan.Data
	}
	if c.IsSet("threads") {
		was.Threads = r.plan.Threads
	}
	return was
}
