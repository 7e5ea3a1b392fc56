package shard

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"github.com/flowerctl/flowerctl/train/atomicfile"
	"github.com/flowerctl/flowerctl/train/permanent"
)

// Part is what a shard has done: complete, or up to a checkpoint.
type Part struct {
	Shard
	From   int64  `json:"from"`   // its first picture in the manifest
	Done   int64  `json:"done"`   // pictures with a result
	Failed int64  `json:"failed"` // of them without an answer
	Device string `json:"device"` // that answered
	Parts  Sum    `json:"part"`
	Dead   Sum    `json:"dead"` // the pictures without an answer, with the reason
}

// partName is the name of a shard's files, without what follows.
func (s Shard) partName(what string) string {
	return fmt.Sprintf("%s-%05d-of-%05d", what, s.Index, s.Count)
}

func (s Shard) metaPath(dir string) string {
	return filepath.Join(dir, s.partName("part")+".json")
}

func (s Shard) checkpointPath(dir string) string {
	return filepath.Join(dir, "."+s.partName("part")+".checkpoint")
}

// readPart reads a part's facts. They are missing, nil, or those of a killed process
// whole: such files are renamed when they are complete.
func readPart(path string, s Shard) (*Part, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	p := new(Part)
	if err := json.Unmarshal(data, p); err != nil || p.Shard != s || p.Done < 0 || p.Failed < 0 {
		return nil, permanent.Errorf("remove it, and the shard is answered again", "%s: damaged", path)
	}
	return p, nil
}

func (p *Part) write(path string) error {
	data, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return err
	}
	return atomicfile.WriteBytes(path, append(data, '\n'))
}

// BusyError says that another process answers a shard.
type BusyError struct{ Shard }

func (e *BusyError) Error() string {
	return fmt.Sprintf("shard %s: another process is at work on it", e.Shard)
}

// work is a part under way.
type work struct {
	Part
	dir        string
	lock       *flock.Flock
	part, dead *file
	saved      time.Time
}

// begin locks a shard, and opens its files where the last process left them, unless it is
// done.
func begin(dir string, s Shard, extension string) (w *work, done *Part, err error) {
	w = &work{dir: dir, lock: flock.New(filepath.Join(dir, "."+s.partName("part")+".lock"))}
	locked, err := w.lock.TryLock()
	if err != nil {
		return nil, nil, permanent.Errorf("want a file system with locks", "%s: cannot be locked: %w",
			dir, bare(err))
	}
	if !locked {
		return nil, nil, &BusyError{s}
	}
	defer func(w *work) {
		if err != nil || done != nil {
			err = errors.Join(err, w.close())
		}
	}(w)
	if done, err = Finished(dir, s); done != nil || err != nil {
		return nil, done, err
	}
	at, err := readPart(s.checkpointPath(dir), s)
	if err != nil || at == nil {
		at, err = &Part{}, nil // a damaged one counts for nothing
	}
	if w.part, err = openFile(dir, s.partName("part")+extension, at.Parts); err != nil {
		return nil, nil, err
	}
	if w.dead, err = openFile(dir, s.partName("dead")+".jsonl", at.Dead); err != nil {
		return nil, nil, err
	}
	over := w.part.bytes < 0 || w.dead.bytes < 0
	if !over {
		w.Part = *at
	}
	w.Shard, w.saved = s, time.Now()
	return w, nil, errors.Join(w.part.start(over), w.dead.start(over))
}

// save makes a checkpoint: what is written up to now is there after whatever happens.
func (w *work) save() error {
	if err := w.flush(); err != nil {
		return err
	}
	w.saved = time.Now()
	return w.Part.write(w.Shard.checkpointPath(w.dir))
}

func (w *work) flush() (err error) {
	if w.Parts, err = w.part.flush(); err == nil {
		w.Dead, err = w.dead.flush()
	}
	return err
}

// end gives the files their names. The facts come last: with them the shard is done. A
// process that is killed before that leaves the last checkpoint to the next one.
func (w *work) end() error {
	if err := w.flush(); err != nil {
		return err
	}
	if err := errors.Join(w.part.end(), w.dead.end()); err != nil {
		return err
	}
	if err := w.Part.write(w.Shard.metaPath(w.dir)); err != nil {
		return err
	}
	err := os.Remove(w.Shard.checkpointPath(w.dir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// close gives the shard up. Its lock's file stays: whoever removed it could remove that
// of a process that has just come.
func (w *work) close() error {
	var all []io.Closer
	for _, f := range []*file{w.part, w.dead} {
		if f != nil && f.f != nil {
			all = append(all, f.f)
		}
	}
	var errs []error
	for _, c := range append(all, w.lock) {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}
