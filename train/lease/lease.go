// Package lease gives one of several processes, on one machine or on several that share a
// folder, the right to a piece of work. It survives a crash: a holder that is gone loses
// the right at once where this machine can tell, elsewhere when it has not been heard of for
// a minute. It imports nothing of this module. Start at [Keeper.Take].
//
// A lease on the path p is a file p.1, p.2 and so on: its generation. Whoever finds that the
// newest one was released or abandoned creates the next, which only one can do, and the
// newest is never removed, so that two processes cannot both hold it. A holder that was
// stopped for a while and has been replaced finds the next generation when it goes on, and
// its [Lease.Context] ends.
package lease

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Beat is how often a holder is heard of, and Limit after how long without that one on
// another machine is taken for gone.
const (
	Beat  = 5 * time.Second
	Limit = time.Minute
)

// Holder says who has a lease, as its file does.
type Holder struct {
	Host  string    `json:"host"`
	Boot  string    `json:"boot"` // names the kernel that runs now, where that is known
	Space string    `json:"pid_namespace"`
	PID   int       `json:"pid"`
	Since time.Time `json:"since"`
	// Released says that the holder has given it back.
	Released bool `json:"released"`
	// Crashes is how many holders before were gone without giving it back.
	Crashes int `json:"crashes"`
}

// HeldError says that another process has the lease.
type HeldError struct {
	Path string
	Holder
}

func (e *HeldError) Error() string {
	return fmt.Sprintf("%s: held by process %d on %s", e.Path, e.PID, e.Host)
}

// ErrLost means that a lease was taken over, or that its file cannot be written any more.
var ErrLost = errors.New("the lease was lost to another process")

// Keeper takes leases. The zero value is that of this process, with the package's times.
type Keeper struct {
	Holder      Holder        // whom to stand for; zero: this process
	Beat, Limit time.Duration // 0: those of the package
	unlocked    bool          // as on a file system without locks, for tests
	linkless    bool          // as on one without hard links, for tests
}

// Lease is the right to a piece of work. Release it.
type Lease struct {
	Holder
	path       string // without the generation
	generation int
	file       *os.File
	end        chan struct{} // closed by Release
	beats      sync.WaitGroup
	lost       chan struct{}
}

// Take takes the lease on path, whose folder is made if need be. Where another process has
// it the error is a [*HeldError].
func (k Keeper) Take(path string) (*Lease, error) {
	k.complete()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return nil, err
	}
	l := &Lease{Holder: k.Holder, path: path, end: make(chan struct{}), lost: make(chan struct{})}
	temporary, err := l.open(k.unlocked)
	if err != nil {
		return nil, err
	}
	err = k.replace(l, temporary)
	if removed := os.Remove(temporary); err == nil {
		err = removed
	}
	if err != nil {
		return nil, errors.Join(err, l.file.Close())
	}
	l.beats.Add(1)
	go l.beat(k.Beat, k.Limit)
	return l, nil
}

func (k *Keeper) complete() {
	k.Beat, k.Limit = cmp.Or(k.Beat, Beat), cmp.Or(k.Limit, Limit)
	if k.Holder.Host == "" {
		k.Holder = self()
	}
	k.Holder.Since = time.Now().UTC().Truncate(time.Second)
}

// self is this process.
var self = sync.OnceValue(func() Holder {
	h := Holder{PID: os.Getpid()}
	h.Host, _ = os.Hostname()
	h.Host = cmp.Or(h.Host, "unknown")
	if text, err := os.ReadFile("/proc/sys/kernel/random/boot_id"); err == nil {
		h.Boot = strings.TrimSpace(string(text))
	}
	h.Space, _ = os.Readlink("/proc/self/ns/pid")
	return h
})

// sameKernel says whether both run on one machine, since it was started last.
func (h *Holder) sameKernel(other *Holder) bool {
	return h.Boot == other.Boot && (h.Boot != "" || h.Host == other.Host)
}

// beat makes the holder heard of, and notices when it was replaced.
func (l *Lease) beat(every, limit time.Duration) {
	defer l.beats.Done()
	t := time.NewTicker(every)
	defer t.Stop()
	for written := time.Now(); ; {
		select {
		case <-l.end:
			return
		case <-t.C:
		}
		if err := l.write(); err == nil {
			written = time.Now()
		}
		if !l.newest() || time.Since(written) > limit/2 {
			close(l.lost)
			return
		}
	}
}

// newest says whether the file of this generation is there, and none of the next.
func (l *Lease) newest() bool {
	_, mine := os.Lstat(file(l.path, l.generation))
	_, next := os.Lstat(file(l.path, l.generation+1))
	return !errors.Is(mine, fs.ErrNotExist) && errors.Is(next, fs.ErrNotExist)
}

// Check is ErrLost where the lease is lost by now, which Context tells some seconds later.
func (l *Lease) Check() error {
	if !l.newest() {
		return ErrLost
	}
	return nil
}

// Context ends with ErrLost as its cause when the lease is lost.
func (l *Lease) Context(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(parent)
	go func() {
		select {
		case <-l.lost:
			cancel(ErrLost)
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(nil) }
}

// Release gives the lease back. Its file stays: whoever comes next replaces it.
func (l *Lease) Release() error {
	close(l.end)
	l.beats.Wait()
	var err error
	if l.newest() {
		l.Released = true
		err = l.write()
	}
	return errors.Join(err, l.file.Close())
}

// List is the newest generation of each lease in a folder, by its name.
func List(dir string) (map[string]int, error) {
	entries, err := os.ReadDir(dir)
	list := map[string]int{}
	for _, e := range entries {
		dot := strings.LastIndexByte(e.Name(), '.')
		if n, err := strconv.Atoi(e.Name()[dot+1:]); err == nil && dot > 0 {
			list[e.Name()[:dot]] = max(list[e.Name()[:dot]], n)
		}
	}
	return list, err
}

// Crashes is how many holders of a lease have ended without giving it back, with the one of
// this generation if it has not; 0 where its file cannot be read.
func Crashes(path string, generation int) int {
	f, err := os.Open(file(path, generation))
	if err != nil {
		return 0
	}
	defer f.Close()
	h, _, err := readHolder(f)
	if err == nil && !h.Released {
		h.Crashes++
	}
	return h.Crashes
}

// Held says who has the lease on path, nil for nobody.
func (k Keeper) Held(path string) (*Holder, error) {
	k.complete()
	generation, err := newest(path)
	if generation == 0 || err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
		return nil, err
	}
	f, err := os.OpenFile(file(path, generation), os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	h, held, err := k.judge(f, &k.Holder, time.Now())
	if !held || err != nil {
		return nil, err
	}
	return &h, nil
}
