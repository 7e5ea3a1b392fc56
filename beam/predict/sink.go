package predict

import (
	"cmp"
	"context"
	"iter"
	"slices"

	"github.com/flowerctl/flowerctl/infer/shard"
)

// writeFn writes the files of a shard, as flowerctl predict --shard does, and emits its
// index. It holds the lines of a shard in memory, to bring them into order.
type writeFn struct {
	Dir    string
	Device string
	Job    shard.Job
}

// ProcessElement writes a shard's files of its lines. A shard that was done has none.
func (f *writeFn) ProcessElement(index int64, _ func(*bool) bool, answers, dead func(*[]byte) bool,
	emit func(int64, int64)) error {
	if err := f.write(index, answers, dead); err != nil {
		return noted(err)
	}
	emit(0, index)
	return nil
}

func (f *writeFn) write(index int64, answers, dead func(*[]byte) bool) error {
	lines, err := ordered(answers)
	if err != nil {
		return err
	}
	letters, err := ordered(dead)
	if err != nil {
		return err
	}
	s := shard.Shard{Index: int(index), Count: f.Job.Shards}
	_, err = f.Job.WriteLines(f.Dir, s, f.Device, together(lines, letters))
	return err
}

// together gives each picture's answer its dead letter, where there is one.
func together(lines, letters []line) iter.Seq[shard.Line] {
	return func(yield func(shard.Line) bool) {
		for _, l := range lines {
			both := shard.Line{Answer: l.text}
			if len(letters) > 0 && letters[0].number == l.number {
				both.Dead, letters = letters[0].text, letters[1:]
			}
			if !yield(both) {
				return
			}
		}
	}
}

// line is a line of a file, and the number of its picture.
type line struct {
	number int64
	text   []byte
}

// ordered are lines in the manifest's order.
func ordered(next func(*[]byte) bool) (lines []line, err error) {
	for {
		var element []byte
		if !next(&element) {
			break
		}
		var l line
		if l.number, l.text, err = unnumbered(element); err != nil {
			return nil, err
		}
		lines = append(lines, l)
	}
	slices.SortFunc(lines, func(a, b line) int { return cmp.Compare(a.number, b.number) })
	return lines, nil
}

// mergeFn makes one result of the files of all shards, which are its one element.
type mergeFn struct{ Dir string }

// ProcessElement merges as flowerctl merge does: _SUCCESS comes last.
func (f *mergeFn) ProcessElement(ctx context.Context, _ int64, _ func(*int64) bool) error {
	_, err := shard.Merge(ctx, f.Dir, "")
	return noted(err)
}
