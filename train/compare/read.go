package compare

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/flowerctl/flowerctl/train/run"
)

// LeftOut is a folder that was named and is in no comparison, and why.
type LeftOut struct {
	Dir    string
	Reason string
}

// Read reads the runs that are named, each once. A folder that is none, such as
// that of the study's table in runs/*, is left out where others are runs, and so
// is a run without an epoch. A cross-validation stands for its trainings, and a sweep for
// its trials.
func Read(names []string) (records []*run.Record, left []LeftOut, err error) {
	var none []error
	seen := map[string]bool{}
	for _, name := range expanded(names) {
		f, err := run.Find(name)
		if err != nil && isDir(name) {
			none = append(none, err)
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		if real, err := filepath.EvalSymlinks(f.Dir); err == nil {
			f.Dir = real // runs/* has runs/latest in it
		}
		if seen[f.Dir] {
			continue
		}
		seen[f.Dir] = true
		r, err := f.Record()
		if err != nil {
			return nil, nil, err
		}
		if len(r.History) == 0 {
			left = append(left, LeftOut{f.Dir, f.Dir + ": no epoch is done"})
			continue
		}
		records = append(records, r)
	}
	if len(records) == 0 {
		return nil, left, errors.Join(append(none, errors.New("nothing to compare"))...)
	}
	for _, err := range none {
		left = append(left, LeftOut{Reason: err.Error()})
	}
	return records, left, nil
}

// expanded has the folders of the trainings in place of those of cross-validations and of
// sweeps.
func expanded(names []string) (list []string) {
	for _, name := range names {
		if trials := (run.Folder{Dir: filepath.Clean(name)}).Trials(); len(trials) > 0 {
			for _, t := range trials {
				list = append(list, t.Dir)
			}
			continue
		}
		f, err := run.Find(name)
		var s run.Settings
		if err == nil {
			s, err = f.Settings()
		}
		if err != nil || !s.Divided() {
			list = append(list, name)
			continue
		}
		begun := 0
		for k := range s.Folds {
			if fold := f.Fold(k + 1); fold.Exists() {
				list = append(list, fold.Dir)
				begun++
			}
		}
		if begun == 0 {
			list = append(list, f.Fold(1).Dir) // which is not there, and is named
		}
	}
	return list
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
