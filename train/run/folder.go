package run

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/atomicfile"
	"github.com/flowerctl/flowerctl/train/checkpoint"
	"github.com/flowerctl/flowerctl/train/data"
	"github.com/flowerctl/flowerctl/train/report"
)

// Root is where runs go that were given no folder, and Latest the name there of
// the newest one.
const (
	Root   = "runs"
	Latest = "latest"
)

// Folder is a run's folder, and the one owner of the names of its files. A training
// under way has its folder too.
type Folder struct{ Dir string }

func (f Folder) path(name string) string { return filepath.Join(f.Dir, name) }

// File is the path of one of the files that the package names.
func (f Folder) File(name string) string { return f.path(name) }

// has says whether a file of the run is there.
func (f Folder) has(name string) bool {
	_, err := os.Stat(f.path(name))
	return err == nil
}

// ConfigPath is the file with the run's settings.
func (f Folder) ConfigPath() string { return f.path(train.ConfigFile) }

// SplitPath is the file that says which part each of the run's images is in.
func (f Folder) SplitPath() string { return f.path(train.SplitFile) }

// ExportFileNames are the files of a run that its export and verification need.
func ExportFileNames() []string {
	return []string{train.BestFile, train.ConfigFile, train.SplitFile}
}

// ExportFiles are the paths of these files.
func (f Folder) ExportFiles() (paths []string) {
	for _, name := range ExportFileNames() {
		paths = append(paths, f.path(name))
	}
	if f.has(ExtractorFile) {
		paths = append(paths, f.path(ExtractorFile))
	}
	return paths
}

// Exists says whether a run was begun there.
func (f Folder) Exists() bool { return f.has(train.ConfigFile) }

// Stepped says whether the run has a checkpoint to go on from.
func (f Folder) Stepped() bool { return f.has(train.LastFile) }

// Reported says whether the run's last file was written.
func (f Folder) Reported() bool { return f.has(train.ReportFile) }

// NoRunError says that a path is no run's folder.
type NoRunError struct {
	Path   string
	There  bool     // there is something, but it has no config.json
	Others []string // runs beside it
}

func (e *NoRunError) Error() string {
	if e.There {
		return fmt.Sprintf("%s is no run: it has no %s", e.Path, train.ConfigFile)
	}
	return "there is no run " + e.Path
}

// Find is the folder of the run that a user named, or a [*NoRunError]. Where there
// are no links, runs/latest is a file that holds the folder's name.
func Find(path string) (Folder, error) {
	path = filepath.Clean(path)
	if filepath.Base(path) == Latest {
		if name, err := os.ReadFile(path); err == nil {
			path = filepath.Join(filepath.Dir(path), filepath.Base(strings.TrimSpace(string(name))))
		}
	}
	f := Folder{path}
	if f.Exists() {
		return f, nil
	}
	_, err := os.Stat(path)
	return f, &NoRunError{Path: path, There: err == nil, Others: runsIn(filepath.Dir(path))}
}

// runsIn lists the runs in a folder.
func runsIn(dir string) []string {
	configs, err := filepath.Glob(filepath.Join(dir, "*", train.ConfigFile))
	if err != nil {
		return nil
	}
	for i, c := range configs {
		configs[i] = filepath.Dir(c)
	}
	return configs
}

// Unused is a folder in Root for a new run of the network, named by the time.
func Unused(arch string) (Folder, error) {
	base := filepath.Join(Root, arch+"-"+time.Now().Format("20060102-150405"))
	for i := 1; ; i++ {
		dir := base
		if i > 1 {
			dir = fmt.Sprintf("%s-%d", base, i)
		}
		_, err := os.Lstat(dir)
		if errors.Is(err, fs.ErrNotExist) {
			return Folder{dir}, nil
		}
		if err != nil {
			return Folder{}, err
		}
	}
}

// The reasons why a new run cannot go into a folder.
var (
	ErrHoldsRun = errors.New("holds a run already")
	ErrIsFile   = errors.New("is a file, want a folder")
)

// Free says whether a new run may go into the folder: there is none, or one
// without a run. The error wraps ErrHoldsRun or ErrIsFile, or is a [*BusyError].
func (f Folder) Free() error {
	info, err := os.Stat(f.Dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("%s %w", f.Dir, ErrIsFile)
	}
	switch err := f.idle(); {
	case err != nil:
		return err
	case f.Exists():
		return fmt.Errorf("%s %w", f.Dir, ErrHoldsRun)
	}
	return nil
}

// remove removes the files of an earlier run, and no others.
func (f Folder) remove() error {
	bad, err := train.RollbackFiles(f.Dir)
	if err != nil {
		return err
	}
	names := append([]string{train.ConfigFile, train.SplitFile, train.HistoryFile, train.EventsFile,
		train.BestFile, train.LastFile, train.MetricsFile, CalibrationFile, answersFile(data.Val),
		answersFile(data.Test), FoldsFile, FoldsTable, ExtractorFile,
		report.LabelsFile},
		append(bad, report.Files()...)...)
	for _, name := range names {
		if err := os.Remove(f.path(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return f.removeEvents()
}

// linkLatest makes runs/latest point to a run in runs: a link, or where there are
// no links a file with its name.
func (f Folder) linkLatest() error {
	parent, name := filepath.Split(f.Dir)
	if filepath.Base(filepath.Clean(parent)) != Root || name == Latest {
		return nil
	}
	latest := filepath.Join(parent, Latest)
	if atomicfile.Link(name, latest) != nil {
		return atomicfile.WriteBytes(latest, []byte(name+"\n"))
	}
	return nil
}

// Settings are the run's, resolved.
func (f Folder) Settings() (Settings, error) { return ReadSettings(f.ConfigPath()) }

// Split is how the run's images were divided, without their folder.
func (f Folder) Split() (*data.Set, error) {
	return data.ReadSplitFile(f.SplitPath())
}

// Which names one of a run's checkpoints.
type Which string

// The checkpoints of a run.
const (
	Best Which = "best" // the best weights, by the monitor
	Last Which = "last" // those of the last step
)

// Check returns a [*SettingError] unless w is one of them.
func (w Which) Check() error {
	if w != Best && w != Last {
		return &SettingError{[]string{"checkpoint"}, fmt.Errorf("got %q, want %s or %s", w, Best, Last)}
	}
	return nil
}

// CheckpointPath is the file of a checkpoint.
func (f Folder) CheckpointPath(w Which) string {
	if w == Last {
		return f.path(train.LastFile)
	}
	return f.path(train.BestFile)
}

// NoCheckpointError says that a run has not come as far as to write a checkpoint.
type NoCheckpointError struct {
	Dir, Name string
	Folds     int // of a cross-validation, whose trainings have folders of their own
}

func (e *NoCheckpointError) Error() string { return fmt.Sprintf("run %s has no %s", e.Dir, e.Name) }

// Hint says why.
func (e *NoCheckpointError) Hint() string {
	if e.Folds > 0 {
		return fmt.Sprintf("it is a cross-validation: its trainings are %s to %d; a network for use "+
			"is trained on all images, without folds", Folder{e.Dir}.Fold(1).Dir, e.Folds)
	}
	return "the run ended before its first epoch did"
}

// Checkpoint loads one of the run's checkpoints; where it is not there the error is
// a [*NoCheckpointError].
func (f Folder) Checkpoint(w Which) (*checkpoint.Checkpoint, error) {
	if err := w.Check(); err != nil {
		return nil, err
	}
	path := f.CheckpointPath(w)
	c, err := checkpoint.Load(path)
	if errors.Is(err, fs.ErrNotExist) {
		e := &NoCheckpointError{Dir: f.Dir, Name: filepath.Base(path)}
		if s, err := f.Settings(); err == nil && s.Divided() {
			e.Folds = s.Folds
		}
		return nil, e
	}
	if err != nil {
		return nil, err
	}
	return c, f.loadExtractor(c)
}
