package shard

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/flowerctl/flowerctl/train/atomicfile"
	"github.com/flowerctl/flowerctl/train/permanent"
)

// Kind is what the shards of a folder do.
type Kind string

// The kinds.
const (
	Predict Kind = "predict"
	Eval    Kind = "eval"
)

// Job is what all shards of a folder have in common, and what the answers depend on.
type Job struct {
	Version  int    `json:"version"`
	Kind     Kind   `json:"kind"`
	Format   string `json:"format"`   // of the result: json, csv or text
	Manifest string `json:"manifest"` // its SHA-256
	Pictures int64  `json:"pictures"`
	Shards   int    `json:"shards"`
	Model    string `json:"model"` // SHA-256 of the model
	// Settings are the others, by the names of flags.
	Settings map[string]string `json:"settings"`

	// Of the shard that came first; others may differ.
	Name   string   `json:"name"` // of the model
	Labels []string `json:"labels,omitempty"`
	Worst  int      `json:"worst,omitempty"` // of an evaluation: mistakes to list
}

// difference says in what the job of a folder is not this one; "" where it is.
func (j *Job) difference(there *Job) string {
	differ := func(what string, got, want any) string {
		return fmt.Sprintf("%s: got %v, but the folder has %v", what, got, want)
	}
	switch {
	case there.Version != j.Version:
		return differ("version", j.Version, there.Version)
	case there.Kind != j.Kind:
		return differ("command", j.Kind, there.Kind)
	case there.Manifest != j.Manifest:
		return differ("manifest", short(j.Manifest), short(there.Manifest))
	case there.Shards != j.Shards:
		return differ("number of shards", j.Shards, there.Shards)
	case there.Model != j.Model:
		return differ("model", j.Name+" "+short(j.Model), there.Name+" "+short(there.Model))
	case there.Format != j.Format:
		return differ("format", j.Format, there.Format)
	case there.Worst != j.Worst:
		return differ("worst", j.Worst, there.Worst)
	}
	for _, from := range []map[string]string{j.Settings, there.Settings} {
		for _, name := range slices.Sorted(maps.Keys(from)) {
			if j.Settings[name] != there.Settings[name] {
				return differ(name, quoted(j.Settings[name]), quoted(there.Settings[name]))
			}
		}
	}
	return ""
}

func quoted(value string) string {
	if value == "" {
		return "nothing"
	}
	return value
}

// short is the beginning of a hash.
func short(sum string) string { return fmt.Sprintf("SHA-256 %.12s", sum) }

// JobFile is the name of the file that says what a folder of shards is of.
const JobFile = "job.json"

// Claim makes the folder one of this job, over the manifest in so many shards, unless it
// is one already. A folder of another job is a [*permanent.Error].
func (j *Job) Claim(dir string, m *Manifest, shards int) error {
	j.Version, j.Shards, j.Manifest, j.Pictures = Version, shards, m.SHA256, m.Pictures
	if err := j.check(); err != nil {
		return &permanent.Error{Err: err}
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	path := filepath.Join(dir, JobFile)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		if err := j.create(path); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	there, err := readJob(dir)
	if err != nil {
		return err
	}
	if d := j.difference(there); d != "" {
		return permanent.Errorf("another folder for this one, or remove it",
			"%s has shards of another job: %s", dir, d)
	}
	return nil
}

// create writes a job's file, whole, unless it is there: of shards that start at the same
// time one does.
func (j *Job) create(path string) error {
	data, err := json.MarshalIndent(j, "", "  ")
	if err != nil {
		return err
	}
	return atomicfile.Create(path, append(data, '\n'))
}

func readJob(dir string) (*Job, error) {
	path := filepath.Join(dir, JobFile)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, permanent.Errorf("", "%s is no folder of shards: it has no %s", dir, JobFile)
	}
	if err != nil {
		return nil, err
	}
	j := new(Job)
	decoder := json.NewDecoder(bytes.NewReader(data))
	if err := decoder.Decode(j); err != nil || j.check() != nil {
		return nil, permanent.Errorf("", "%s: damaged: %w", path, errors.Join(err, j.check()))
	}
	return j, nil
}

// check refuses what no shard wrote.
func (j *Job) check() error {
	if j.Version != Version {
		return fmt.Errorf("version: got %d, want %d", j.Version, Version)
	}
	if j.Pictures < 0 {
		return fmt.Errorf("pictures: got %d", j.Pictures)
	}
	return Shard{0, j.Shards}.check()
}

// extensions of the parts, and of the result, by format.
func (j *Job) extensions() (part, result string) {
	switch {
	case j.Kind == Eval && j.Format == "json":
		return ".jsonl", ".json"
	case j.Kind == Eval:
		return ".jsonl", ".txt"
	case j.Format == "csv":
		return ".csv", ".csv"
	}
	return ".jsonl", ".jsonl"
}
