package shard

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/flowerctl/flowerctl/infer/evaluate"
	"github.com/flowerctl/flowerctl/train/atomicfile"
	"github.com/flowerctl/flowerctl/train/permanent"
	"github.com/flowerctl/flowerctl/train/table"
)

// The files that merging makes in a folder of shards, but for [Job.ResultFile].
const (
	DeadFile    = "dead.jsonl" // empty where all pictures have an answer
	SuccessFile = "_SUCCESS"   // empty, as Hadoop's
)

// ResultFile is the file that merging makes in a folder of the job's shards.
func (j *Job) ResultFile(dir string) string {
	_, extension := j.extensions()
	return filepath.Join(dir, "result"+extension)
}

// Merged is what merging gave.
type Merged struct {
	Job
	Result  string // the file
	Dead    string // the file of the pictures without an answer; "" where all have one
	Failed  int64
	Devices []string // that answered
}

// IncompleteError says that shards are missing.
type IncompleteError struct {
	Dir     string
	Kind    Kind
	Missing []int // the first of them
	N, Of   int
}

func (e *IncompleteError) Error() string {
	some := fmt.Sprint(e.Missing)
	if e.N > len(e.Missing) {
		some += " and others"
	}
	return fmt.Sprintf("%s: %d of %s are not done: %s", e.Dir, e.N, table.Count(e.Of, "shard"), some)
}

// Merge makes one result of the parts in a folder, byte for byte what one run without
// shards writes: path, or a file in the folder where it is "". Parts that are missing,
// damaged or of something else are an error, and there is no result. The file _SUCCESS
// comes last.
func Merge(ctx context.Context, dir, path string) (*Merged, error) {
	job, err := readJob(dir)
	if err != nil {
		return nil, err
	}
	parts, err := job.parts(dir)
	if err != nil {
		return nil, err
	}
	success := filepath.Join(dir, SuccessFile)
	if err := os.Remove(success); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	m := &Merged{Job: *job, Result: cmp.Or(path, job.ResultFile(dir))}
	for _, p := range parts {
		m.Failed += p.Failed
		if !slices.Contains(m.Devices, p.Device) {
			m.Devices = append(m.Devices, p.Device)
		}
	}
	err = atomicfile.Write(filepath.Join(dir, DeadFile), func(w io.Writer) error {
		return concatenate(ctx, dir, parts, w, func(p *Part) Sum { return p.Dead }, false)
	})
	if err == nil {
		err = atomicfile.Write(m.Result, func(w io.Writer) error {
			return job.result(ctx, dir, parts, w)
		})
	}
	if err == nil {
		err = atomicfile.WriteBytes(success, nil)
	}
	if m.Failed > 0 {
		m.Dead = filepath.Join(dir, DeadFile)
	}
	return m, err
}

// parts are those of all shards, in order.
func (j *Job) parts(dir string) ([]*Part, error) {
	missing := &IncompleteError{Dir: dir, Kind: j.Kind, Of: j.Shards}
	var parts []*Part
	for i := range j.Shards {
		s := Shard{i, j.Shards}
		p, err := readPart(s.metaPath(dir), s)
		if err != nil {
			return nil, err
		}
		if p == nil {
			if missing.N++; missing.N <= 10 {
				missing.Missing = append(missing.Missing, i)
			}
			continue
		}
		if from, to := s.Range(j.Pictures); p.From != from || p.Done != to-from {
			return nil, again(s, dir, permanent.Errorf("",
				"shard %s: got %d pictures from %d, want %d from %d", s, p.Done, p.From, to-from, from))
		}
		parts = append(parts, p)
	}
	if missing.N > 0 {
		return nil, missing
	}
	return parts, nil
}

// concatenate copies a file of each part. With header, the first line of all but the first
// that has one is left out.
func concatenate(ctx context.Context, dir string, parts []*Part, w io.Writer,
	which func(*Part) Sum, header bool) error {
	headed := false
	for _, p := range parts {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		sum := which(p)
		to := w
		if header && headed {
			to = &behindFirstLine{w: w}
		}
		headed = headed || sum.Bytes > 0
		if err := sum.compare(dir, to); err != nil {
			return again(p.Shard, dir, err)
		}
	}
	return nil
}

// behindFirstLine passes on what comes after a line.
type behindFirstLine struct {
	w      io.Writer
	behind bool
}

func (b *behindFirstLine) Write(p []byte) (int, error) {
	rest := p
	if !b.behind {
		i := slices.Index(p, '\n')
		if i < 0 {
			return len(p), nil
		}
		b.behind, rest = true, p[i+1:]
	}
	n, err := b.w.Write(rest)
	return len(p) - len(rest) + n, err
}

func (j *Job) result(ctx context.Context, dir string, parts []*Part, w io.Writer) error {
	which := func(p *Part) Sum { return p.Parts }
	if j.Kind == Predict {
		return concatenate(ctx, dir, parts, w, which, j.Format == "csv")
	}
	counter := evaluate.NewCounter(evaluate.Options{Model: j.Name, Labels: j.Labels, Worst: j.Worst})
	r, pipe := io.Pipe()
	go func() {
		lines := bufio.NewWriterSize(pipe, 1<<16)
		err := concatenate(ctx, dir, parts, lines, which, false)
		pipe.CloseWithError(errors.Join(err, lines.Flush()))
	}()
	defer r.Close()
	if err := count(r, counter, len(j.Labels)); err != nil {
		return fmt.Errorf("%s: %w", dir, err)
	}
	result, err := counter.Result()
	if err != nil {
		return err
	}
	if j.Format == "text" {
		return result.WriteText(w)
	}
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	out.SetIndent("", "  ")
	return out.Encode(result)
}
