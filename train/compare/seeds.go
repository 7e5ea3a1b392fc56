package compare

import (
	"fmt"

	"github.com/flowerctl/flowerctl/train/run"
)

// groupSeeds finds the runs that differ in nothing but their seed and fold, by index:
// those that have ended, one of each seed and fold. The notes say which runs were left out.
func groupSeeds(records []*run.Record) (groups [][]int, notes []string, err error) {
	notes = []string{}
	sameKey, order := map[string][]int{}, []string{}
	for i, r := range records {
		key, err := r.AllButSeed()
		if err != nil {
			return nil, nil, err
		}
		if sameKey[key] == nil {
			order = append(order, key)
		}
		sameKey[key] = append(sameKey[key], i)
	}
	for _, key := range order {
		if len(sameKey[key]) == 1 {
			continue
		}
		members, left := oneOfEachSeed(records, sameKey[key])
		notes = append(notes, left...)
		if len(members) > 1 {
			groups = append(groups, members)
		}
	}
	return groups, notes, nil
}

// oneOfEachSeed picks the ended runs, and of several with one seed and fold the longest, or
// the newest of those.
func oneOfEachSeed(records []*run.Record, indices []int) (members []int, notes []string) {
	var ended []int
	for _, i := range indices {
		if records[i].Summary == nil {
			notes = append(notes, records[i].Dir+" has not ended: it counts in no mean of seeds")
			continue
		}
		ended = append(ended, i)
	}
	best := map[drawn]int{}
	for _, i := range ended {
		key := drawnBy(records[i])
		if other, ok := best[key]; !ok || outlasts(records[i], records[other]) {
			best[key] = i
		}
	}
	for _, i := range ended {
		counted := best[drawnBy(records[i])]
		if i == counted {
			members = append(members, i)
			continue
		}
		what := fmt.Sprintf("seed %d", records[i].Settings.Seed)
		if fold := records[i].Settings.Fold; fold > 0 {
			what += fmt.Sprintf(" and fold %d", fold)
		}
		notes = append(notes,
			fmt.Sprintf("%s has %s as %s has: a seed counts once, and the latter is kept",
				records[i].Dir, what, records[counted].Dir))
	}
	return members, notes
}

// drawn is what runs of a group differ in.
type drawn struct {
	seed uint64
	fold int
}

func drawnBy(r *run.Record) drawn { return drawn{r.Settings.Seed, r.Settings.Fold} }

// outlasts says whether r has more epochs than other, or as many and newer ones.
func outlasts(r, other *run.Record) bool {
	if len(r.History) != len(other.History) {
		return len(r.History) > len(other.History)
	}
	return r.Written().After(other.Written())
}
