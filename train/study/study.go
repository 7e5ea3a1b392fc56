package study

import (
	"context"
	"errors"
	"fmt"

	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/lease"
	"github.com/flowerctl/flowerctl/train/run"
)

// Options say how rows are run.
type Options struct {
	Data    string // folder of images; "" for drawn flowers
	Drawn   int    // how many are drawn; 0 for the default
	Epochs  int    // at most; 0 for the study's limit
	Seed    uint64
	Threads *int // that compute; nil: all cores, or what a run that goes on had
	// Dir is the folder of the one row's run; "" for the row's own.
	Dir string
	// Sweep is the folder of a sweep whose trials are the runs of the rows: those that it
	// does not have are left out. "" for the rows' own folders.
	Sweep string
	// Force runs the one row again, over the run in its folder.
	Force bool
	// Numbers says that only the numbers of the runs are wanted: runs on other images
	// and of other seeds are read too.
	Numbers  bool
	Version  string   // of the program, for the checkpoints
	Observer Observer // may be nil
}

// Observer hears how the rows go.
type Observer interface {
	run.Observer
	// Begin comes before a row is run or goes on.
	Begin(s *Study, a *Attempt)
	// Opened comes when the images are read and the network is made; again says that
	// the images are those of an earlier row.
	Opened(s *run.Session, again bool) error
	// End comes after a row: it ended, a.Err says what failed, or the time was up.
	End(a *Attempt, interrupted bool)
}

// Attempt is a row of the study, and what was run of it.
type Attempt struct {
	Row
	Folder   run.Folder
	Settings run.Settings // of a run from the start
	Record   *run.Record  // nil where it was not begun
	Err      error        // why it did not end in this call, other than for lack of time
	Busy     bool         // another process was at work on it
}

// Study is a number of rows and what was run of each.
type Study struct {
	Attempts []*Attempt
	options  Options
}

// MismatchError says that a folder holds another run than the row's.
type MismatchError struct {
	Folder run.Folder
	Row    string
	run.Difference
}

func (e *MismatchError) Error() string {
	return fmt.Sprintf("%s is not a run of %s as it is asked for: %s is %s there, want %s",
		e.Folder.Dir, e.Row, e.Key, e.A, e.B)
}

// OtherImagesError says that a folder holds a run on other images than those that
// are asked for; one of the two is "" for drawn flowers.
type OtherImagesError struct {
	Folder    run.Folder
	Was, Want string
}

func (e *OtherImagesError) Error() string {
	if e.Want == "" {
		return fmt.Sprintf("%s was trained on the images of %s", e.Folder.Dir, e.Was)
	}
	return fmt.Sprintf("%s was trained on drawn flowers, not on %s", e.Folder.Dir, e.Want)
}

// Open reads what was run of the rows. A run in a row's folder must be of this row,
// with these images and this seed, unless only its numbers are wanted; else the
// error is a [*MismatchError] or an [*OtherImagesError].
func Open(rows []Row, o Options) (*Study, error) {
	s := &Study{options: o}
	var swept map[string]run.Folder
	var err error
	if o.Sweep != "" {
		if swept, err = trials(o.Sweep); err != nil {
			return nil, err
		}
	}
	for _, row := range rows {
		a := &Attempt{Row: row, Folder: row.Folder(o.Seed)}
		if o.Sweep != "" {
			var there bool
			if a.Folder, there = swept[row.Name()]; !there {
				continue
			}
		}
		if len(rows) == 1 && o.Dir != "" {
			a.Folder.Dir = o.Dir
		}
		if a.Settings, err = row.Settings(o).Resolve(); err != nil {
			return nil, err
		}
		if !o.Force && a.Folder.Exists() {
			err = a.read(o.Numbers)
		} else if !o.Numbers {
			err = a.Settings.CheckOut("out", a.Folder.Dir)
		}
		if err != nil {
			return nil, err
		}
		s.Attempts = append(s.Attempts, a)
	}
	return s, nil
}

// read looks into the row's folder.
func (a *Attempt) read(numbers bool) (err error) {
	if a.Record, err = a.Folder.Record(); err != nil {
		return err
	}
	was, want := a.Record.Settings, a.Settings
	switch {
	case numbers:
		want.Seed, want.Drawn = was.Seed, was.Drawn
	case (was.Data == "") != (want.Data == ""):
		return &OtherImagesError{a.Folder, was.Data, want.Data}
	}
	want.Data, want.Epochs, want.Threads = was.Data, was.Epochs, was.Threads
	if d := run.Differences(&was, &want); len(d) > 0 {
		return &MismatchError{a.Folder, a.Name(), d[0]}
	}
	return nil
}

// EpochsDone are those that were done.
func (a *Attempt) EpochsDone() int {
	if a.Record == nil {
		return 0
	}
	return len(a.Record.History)
}

// Ended says whether the row was run to the end that this study asks for.
func (a *Attempt) Ended() bool { return a.finished(a.Settings.Epochs) }

// finished says whether the row was run to its end: a limit, or its patience.
func (a *Attempt) finished(limit int) bool {
	if a.Record == nil || a.Record.Summary == nil || !a.Folder.Reported() {
		return false // without a report it was killed before the last file
	}
	return a.Record.Summary.Stopped == train.NoBetter || a.EpochsDone() >= limit
}

// Ended counts the rows that need no more.
func (s *Study) Ended() (n int) {
	for _, a := range s.Attempts {
		if a.Ended() {
			n++
		}
	}
	return n
}

// Busy counts the rows that were left to other processes.
func (s *Study) Busy() (n int) {
	for _, a := range s.Attempts {
		if a.Busy && !a.Ended() {
			n++
		}
	}
	return n
}

// Run runs what is left of the rows, the cheapest first, until all are done or ctx
// is. after is called after each row, for a table that grows; it may be nil. A row
// that fails does not stop the others: its error is in the attempt. Rows that another
// process is at work on are left to it: several may run the same rows at the same time.
func (s *Study) Run(ctx context.Context, after func() error) error {
	ran := 0
	for a := s.Next(); a != nil && ctx.Err() == nil; a = s.Next() {
		l, err := lease.Keeper{}.Take(a.Folder.LeasePath())
		var held *lease.HeldError
		if a.Busy = errors.As(err, &held); a.Busy {
			continue
		}
		if a.Err = err; err != nil {
			continue
		}
		err = s.leased(ctx, l, a, ran > 0)
		if err = errors.Join(err, l.Release()); err != nil {
			return err
		}
		ran++
		if after != nil {
			if err := after(); err != nil {
				return err
			}
		}
	}
	return nil
}

// leased runs a row that no other process runs now.
func (s *Study) leased(ctx context.Context, l *lease.Lease, a *Attempt, again bool) error {
	if !s.options.Force && a.Folder.Exists() { // it may be further by now
		if err := a.read(false); err != nil {
			return err
		}
	}
	if a.Ended() {
		return nil
	}
	if o := s.options.Observer; o != nil {
		o.Begin(s, a)
	}
	leased, cancel := l.Context(ctx)
	defer cancel()
	a.Err = s.run(leased, l, a, again)
	if a.Busy = errors.Is(context.Cause(leased), lease.ErrLost); a.Busy {
		a.Err = nil
	}
	interrupted := ctx.Err() != nil && a.Err != nil && errors.Is(a.Err, ctx.Err())
	if interrupted {
		a.Err = nil
	}
	if o := s.options.Observer; o != nil {
		o.End(a, interrupted)
	}
	return nil
}

// run runs a row, or goes on with it, until it ends.
func (s *Study) run(ctx context.Context, l *lease.Lease, a *Attempt, again bool) (err error) {
	defer func() {
		if a.Folder.Exists() {
			record, readErr := a.Folder.Record()
			err = errors.Join(err, readErr)
			a.Record = record
		}
	}()
	settings := a.Settings
	o := run.Options{Dir: a.Folder.Dir, Lease: l, Version: s.options.Version}
	if s.options.Observer != nil {
		o.Observer = s.options.Observer
	}
	if a.Record != nil && a.Folder.Stepped() {
		if o.Resume, err = a.Folder.Resume(); err != nil {
			return err
		}
		settings = s.resumed(a)
	}
	session, err := run.Open(ctx, settings, o)
	if err != nil {
		return err
	}
	if s.options.Observer != nil {
		err = s.options.Observer.Opened(session, again)
	}
	if err == nil {
		_, err = session.Train(ctx)
	}
	return errors.Join(err, session.Close())
}

// resumed are the settings of a run that goes on: its own, but for where the
// images are, how many epochs it has, and threads that were asked for.
func (s *Study) resumed(a *Attempt) run.Settings {
	was := a.Record.Settings
	was.Epochs = a.Settings.Epochs
	if a.Settings.Data != "" {
		was.Data = a.Settings.Data
	}
	if s.options.Threads != nil {
		was.Threads = *s.options.Threads
	}
	return was
}

// Failures sums up the rows that failed.
func (s *Study) Failures() error {
	var errs []error
	for _, a := range s.Attempts {
		if a.Err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", a.Name(), a.Err))
		}
	}
	return errors.Join(errs...)
}
