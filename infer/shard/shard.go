// Package shard answers for more pictures than one machine should, in shards that any
// scheduler can run: a manifest lists the pictures, each shard answers for a range of it
// into files of its own, and merging them gives what one run would have written.
//
// A shard that is killed goes on from its last checkpoint when it is started again, and
// one that is done is skipped. Memory does not grow with the number of pictures. It
// never imports training, export or gorgonia. Start at [List], [Run] and [Merge].
package shard

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Shard is one of Count ranges of a manifest.
type Shard struct {
	Index int `json:"shard"` // from 0
	Count int `json:"shards"`
}

// maxShards bounds the files of a folder.
const maxShards = 100_000

// Parse reads a shard as "3/16": an index from 0, and how many there are.
func Parse(text string) (Shard, error) {
	index, count, _ := strings.Cut(text, "/")
	i, err := strconv.Atoi(index)
	n, err2 := strconv.Atoi(count)
	s := Shard{i, n}
	if errors.Join(err, err2) != nil {
		return Shard{}, fmt.Errorf("got %q, want INDEX/COUNT: 0/16 is the first of 16", text)
	}
	return s, s.check()
}

func (s Shard) check() error {
	switch {
	case s.Count < 1 || s.Count > maxShards:
		return fmt.Errorf("got %d shards, want 1 to %d", s.Count, maxShards)
	case s.Index < 0 || s.Index >= s.Count:
		return fmt.Errorf("got shard %d of %d, want 0 to %d", s.Index, s.Count, s.Count-1)
	}
	return nil
}

func (s Shard) String() string { return fmt.Sprintf("%d/%d", s.Index, s.Count) }

// Range is the pictures of a shard, of that many: from the first up to, and without, the
// second. The shards' ranges follow one another, so that merging is concatenating, and
// their lengths differ by one at most.
func (s Shard) Range(pictures int64) (from, to int64) {
	at := func(i int) int64 { // without a product that could overflow
		n, k := int64(s.Count), int64(i)
		return pictures/n*k + pictures%n*k/n
	}
	return at(s.Index), at(s.Index + 1)
}
