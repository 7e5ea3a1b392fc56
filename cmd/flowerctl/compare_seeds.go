package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/data"
)

// groupSeeds finds the runs that differ in nothing but their seed, by index: those
// that have ended, one of each seed. The notes say which runs were left out.
func groupSeeds(records []*runRecord) (groups [][]int, notes []string, err error) {
	notes = []string{}
	alike, order := map[string][]int{}, []string{}
	for i, r := range records {
		key, err := r.allButSeed()
		if err != nil {
			return nil, nil, err
		}
		if alike[key] == nil {
			order = append(order, key)
		}
		alike[key] = append(alike[key], i)
	}
	for _, key := range order {
		if len(alike[key]) == 1 {
			continue
		}
		members, left := oneOfEachSeed(records, alike[key])
		notes = append(notes, left...)
		if len(members) > 1 {
			groups = append(groups, members)
		}
	}
	return groups, notes, nil
}

// oneOfEachSeed picks the ended runs, and of several with one seed the longest, or
// the newest of those.
func oneOfEachSeed(records []*runRecord, indices []int) (members []int, notes []string) {
	var ended []int
	for _, i := range indices {
		if records[i].summary == nil {
			notes = append(notes, records[i].dir+" has not ended: it counts in no mean of seeds")
			continue
		}
		ended = append(ended, i)
	}
	best := map[uint64]int{}
	for _, i := range ended {
		seed := records[i].settings.Seed
		if other, ok := best[seed]; !ok || records[i].outlasts(records[other]) {
			best[seed] = i
		}
	}
	for _, i := range ended {
		kept := best[records[i].settings.Seed]
		if i == kept {
			members = append(members, i)
			continue
		}
		notes = append(notes, fmt.Sprintf("%s has seed %d as %s has: a seed counts once, and the latter is kept",
			records[i].dir, records[i].settings.Seed, records[kept].dir))
	}
	return members, notes
}

// outlasts says whether r has more epochs than other, or as many and newer ones.
func (r *runRecord) outlasts(other *runRecord) bool {
	if len(r.history) != len(other.history) {
		return len(r.history) > len(other.history)
	}
	return r.written().After(other.written())
}

// written is when the last epoch was.
func (r *runRecord) written() time.Time {
	info, err := os.Stat(filepath.Join(r.dir, train.HistoryFile))
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

// allButSeed names what a run was trained with and on, without the seed and
// without what changes no result but for rounding. Another seed draws other
// flowers, so of these only the number counts, which is one of the settings.
func (r *runRecord) allButSeed() (string, error) {
	s := r.settings
	drawn := s.Data == ""
	s.Seed, s.Threads, s.Data = 0, 0, ""
	text, err := json.Marshal(s)
	if err != nil || drawn {
		return string(text), err
	}
	return string(text) + r.content, nil
}

// contentDigest names the images of a set and their classes, wherever they lie
// and however they are split.
func contentDigest(set *data.Set) string {
	var lines []string
	for _, it := range set.Items {
		if it.Part != data.Out {
			lines = append(lines, it.SHA256+" "+set.Labels[it.Class]+"\n")
		}
	}
	slices.Sort(lines)
	sum := sha256.Sum256([]byte(strings.Join(slices.Compact(lines), "")))
	return hex.EncodeToString(sum[:])
}
