// Package sweep trains many times with other settings: a grid, settings that are drawn, or a
// list, each with several seeds or folds, and says which are best on the validation images.
// A plan lists the trials; each is a run like others in a folder of its own. Any number of
// processes that share the sweep's folder work on it at the same time, each on the next
// trial that is free. One that is killed is started again: a trial goes on from its last
// checkpoint and ends as if it had never stopped. It imports nothing of export. Start at
// [ReadFile], [Open] and [Sweep.Run].
package sweep

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/flowerctl/flowerctl/train/data"
	"github.com/flowerctl/flowerctl/train/lease"
	"github.com/flowerctl/flowerctl/train/pixels"
	"github.com/flowerctl/flowerctl/train/run"
)

// Observer hears how a sweep goes.
type Observer interface {
	run.Observer
	// Begin comes before a trial is trained, from its beginning or from where it was left.
	Begin(s *Sweep, t *Trial, epochsDone int)
	// Opened comes when its images are read and its network is made; again says that it is
	// not the first of this process.
	Opened(s *run.Session, again bool) error
	// End comes after it: it ended, has come to where its round is compared, or failed.
	End(s *Sweep, r Row)
	// Waiting comes when so many trials are left, and other processes are at work on them.
	Waiting(trials int)
}

// Options are what a sweep has besides its file.
type Options struct {
	Dir string // the sweep's folder
	// Index and Count choose the trials of one of Count processes: Index from 0, every
	// Count-th trial from there. With 0 a process takes any trial that is free.
	Index, Count int
	// Base opens the network that settings start from; given says which of them somebody
	// chose. It may change the settings, which are a copy.
	Base func(ctx context.Context, s *run.Settings, given func(field string) bool) (*run.Base, error)
	// AtHand is the network to start from where images and no network are named; nil: none.
	AtHand func() (string, error)
	// As of [run.Options].
	Frozen  run.Frozen
	Pixels  data.Where
	Disk    pixels.Cache
	Version string // of the program, for the checkpoints
	// Poll is how often trials are looked at that others are at work on; 0: 2 seconds.
	Poll     time.Duration
	Observer Observer // may be nil
}

// Sweep is a sweep's folder.
type Sweep struct {
	Plan *Plan
	Dir  string

	options Options
	images  images
	bases   bases
	done    map[int]*progress // of trials that change no more, by number
	// before are the failures that other processes noted before this one: what may be
	// mended is tried again, once.
	before  map[int]Failure
	trained int
}

// ErrShards means that a sweep with halving cannot be divided: which trials go on is decided
// by all of them.
var ErrShards = errors.New("halving compares all trials: it has no shards")

// Open makes the folder of a sweep with the plan of a file, or goes on with the one that is
// there, which must be the same. Settings that no training can have are found before there
// is a folder. A folder of anything else, or of other images, is a [*permanent.Error].
func Open(ctx context.Context, f *File, o Options) (*Sweep, error) {
	if f.Halving != nil && o.Count > 0 {
		return nil, ErrShards
	}
	s := &Sweep{Dir: filepath.Clean(o.Dir), options: o}
	plan, err := f.plan(ctx, &o, &s.bases)
	if err != nil {
		return nil, err
	}
	for i := range plan.Trials {
		if err := plan.Trials[i].Settings.CheckOut("out", s.Dir); err != nil {
			return nil, err
		}
	}
	s.Plan, err = plan.claim(s.Dir, func(settings *run.Settings) (string, error) {
		cache, err := s.images.read(ctx, settings, &s.options)
		if err != nil {
			return "", err
		}
		return run.ContentDigest(cache.Set), nil
	})
	if err != nil {
		return nil, err
	}
	return s, s.begin()
}

// Read is the sweep of a folder, to look at.
func Read(dir string) (*Sweep, error) {
	s := &Sweep{Dir: filepath.Clean(dir)}
	var err error
	if s.Plan, err = ReadPlan(s.Dir); err != nil {
		return nil, err
	}
	s.done = map[int]*progress{}
	return s, nil
}

// begin notes what failed before.
func (s *Sweep) begin() error {
	s.done, s.before = map[int]*progress{}, map[int]Failure{}
	for i := range s.Plan.Trials {
		f, err := s.failure(&s.Plan.Trials[i])
		if err != nil {
			return err
		}
		if f != nil && !f.Permanent {
			s.before[f.Trial] = *f
		}
	}
	return nil
}

// Folder is the folder of a trial.
func (s *Sweep) Folder(t *Trial) run.Folder { return run.Folder{Dir: s.Dir}.Trial(t.Number) }

// locks is the folder of the leases of the trials.
func (s *Sweep) locks() string { return filepath.Join(s.Dir, ".locks") }

func (s *Sweep) lock(t *Trial) string {
	return filepath.Join(s.locks(), filepath.Base(s.Folder(t).Dir))
}

// mine says whether a trial is one of this process's shard.
func (s *Sweep) mine(t *Trial) bool {
	return s.options.Count == 0 || (t.Number-1)%s.options.Count == s.options.Index
}

// Run works on the sweep until none of the trials is left, or of the shard's: also when
// others are at work on the last ones, since they may stop. A trial that fails does not stop
// the others. A context that ends leaves a folder that the same call goes on with.
func (s *Sweep) Run(ctx context.Context) (err error) {
	defer func() { err = errors.Join(err, s.images.close()) }()
	waiting := false
	for {
		left, err := s.left()
		if err != nil || len(left) == 0 {
			return err
		}
		worked, err := s.work(ctx, left)
		if err != nil {
			return err
		}
		if worked {
			waiting = false
			continue
		}
		if o := s.options.Observer; o != nil && !waiting {
			o.Waiting(len(left))
		}
		waiting = true
		poll := s.options.Poll
		if poll == 0 {
			poll = 2 * time.Second
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(poll):
		}
	}
}

// job is a trial that has not come to its goal.
type job struct {
	*Trial
	goal    goal
	crashes int // of processes that were at work on it
}

// left are the trials to do, in their order, but for those last on which most processes
// ended without giving them back: a trial that takes more memory than there is must not
// keep the others from being done.
func (s *Sweep) left() (list []job, err error) {
	all, err := s.progress()
	if err != nil {
		return nil, err
	}
	held, err := lease.List(s.locks())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	goals, _ := s.goals(all)
	for i := range s.Plan.Trials {
		t := &s.Plan.Trials[i]
		if !s.mine(t) || goals[i].reached(all[i]) {
			continue
		}
		j := job{Trial: t, goal: goals[i]}
		if generation := held[filepath.Base(s.lock(t))]; generation > 0 {
			j.crashes = lease.Crashes(s.lock(t), generation)
		}
		list = append(list, j)
	}
	slices.SortStableFunc(list, func(a, b job) int { return a.crashes - b.crashes })
	return list, nil
}

// work works on the first of the trials that is free, and says whether there was one.
func (s *Sweep) work(ctx context.Context, left []job) (worked bool, err error) {
	for _, j := range left {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		l, err := lease.Keeper{}.Take(s.lock(j.Trial))
		var held *lease.HeldError
		if errors.As(err, &held) {
			continue
		}
		if err != nil {
			return false, err
		}
		err = s.leased(ctx, l, j)
		return true, errors.Join(err, l.Release())
	}
	return false, nil
}

// leased works on a trial that no other process works on now.
func (s *Sweep) leased(ctx context.Context, l *lease.Lease, j job) error {
	p, err := s.look(j.Trial)
	if err != nil || j.goal.reached(p) { // meanwhile
		return err
	}
	if err := os.Remove(s.failurePath(j.Trial)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	delete(s.before, j.Number)
	if o := s.options.Observer; o != nil {
		o.Begin(s, j.Trial, p.epochs())
	}
	leased, cancel := l.Context(ctx)
	defer cancel()
	err = s.train(leased, l, j, p)
	s.trained++
	switch {
	case err == nil || errors.Is(context.Cause(leased), lease.ErrLost):
		err = nil
	case ctx.Err() != nil || stops(err):
		return fmt.Errorf("%s: %w", s.Folder(j.Trial).Dir, err)
	default:
		err = s.note(failed(j.Trial, err))
	}
	if err != nil {
		return err
	}
	if p, err = s.look(j.Trial); err == nil && s.options.Observer != nil {
		s.options.Observer.End(s, s.row(j.Trial, p))
	}
	return err
}

// Ended is how many trials have ended, as far as this process has seen.
func (s *Sweep) Ended() int { return len(s.done) }
