package shard

import (
	"fmt"
	"io"

	"github.com/flowerctl/flowerctl/train/table"
)

// Status is how far the shards of a folder are. Its JSON is what `flowerctl status --json`
// prints.
type Status struct {
	Kind     Kind  `json:"kind"`
	Shards   int   `json:"shards"`
	Done     int   `json:"shards_done"`
	Begun    []int `json:"shards_begun"` // not done, with a checkpoint
	Pictures int64 `json:"pictures"`
	Answered int64 `json:"pictures_done"` // up to the last checkpoints
	Failed   int64 `json:"pictures_failed"`
	Missing  []int `json:"shards_not_begun"`
}

// ReadStatus reads the facts of all shards, finished or not, and no part.
func ReadStatus(dir string) (*Status, error) {
	j, err := readJob(dir)
	if err != nil {
		return nil, err
	}
	st := &Status{Kind: j.Kind, Shards: j.Shards, Pictures: j.Pictures, Begun: []int{},
		Missing: []int{}}
	for i := range j.Shards {
		s := Shard{i, j.Shards}
		p, err := readPart(s.metaPath(dir), s)
		if err != nil {
			return nil, err
		}
		if p != nil {
			st.Done++
		} else if p, err = readPart(s.checkpointPath(dir), s); err != nil {
			return nil, err
		} else if p != nil {
			st.Begun = append(st.Begun, i)
		} else {
			st.Missing = append(st.Missing, i)
			continue
		}
		st.Answered += p.Done
		st.Failed += p.Failed
	}
	return st, nil
}

// WriteText writes the status for people.
func (s *Status) WriteText(w io.Writer) error {
	_, err := fmt.Fprintf(w, "%s: %d of %s done, %d begun, %d to begin; "+
		"%d of %s, %d without an answer\n", s.Kind, s.Done, table.Count(s.Shards, "shard"), len(s.Begun),
		len(s.Missing), s.Answered, table.Count(s.Pictures, "picture"), s.Failed)
	return err
}
