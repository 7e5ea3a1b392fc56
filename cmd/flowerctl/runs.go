package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/atomicfile"
	"github.com/flowerctl/flowerctl/train/report"
)

// runsDir is where runs go that were given no folder, and latestRun the name
// there of the newest one.
const (
	runsDir   = "runs"
	latestRun = "latest"
)

// findRun is the folder of a run that a user named. Where there are no links,
// runs/latest is a file that holds the folder's name.
func findRun(path string) (string, error) {
	path = filepath.Clean(path)
	if filepath.Base(path) == latestRun {
		if name, err := os.ReadFile(path); err == nil {
			path = filepath.Join(filepath.Dir(path), filepath.Base(strings.TrimSpace(string(name))))
		}
	}
	if _, err := os.Stat(filepath.Join(path, train.ConfigFile)); err != nil {
		err := fmt.Errorf("%s is no run: it has no %s", path, train.ConfigFile)
		if _, missing := os.Stat(path); missing != nil {
			err = fmt.Errorf("there is no run %s", path)
		}
		if names := runNames(filepath.Dir(path)); len(names) > 0 {
			return "", fail(err, "there are: "+strings.Join(names, ", "))
		}
		return "", fail(err, "flowerctl train makes one")
	}
	return path, nil
}

// runNames lists the runs in a folder.
func runNames(dir string) []string {
	configs, err := filepath.Glob(filepath.Join(dir, "*", train.ConfigFile))
	if err != nil {
		return nil
	}
	for i, c := range configs {
		configs[i] = filepath.Dir(c)
	}
	return configs
}

// newRunDir is the folder for a new run, which must not hold one unless forced.
func newRunDir(c *cli.Context, arch string) (string, error) {
	dir := c.String("out")
	if dir == "" {
		base := filepath.Join(runsDir, arch+"-"+time.Now().Format("20060102-150405"))
		for i := 1; ; i++ {
			dir = base
			if i > 1 {
				dir = fmt.Sprintf("%s-%d", base, i)
			}
			if _, err := os.Lstat(dir); errors.Is(err, fs.ErrNotExist) {
				return dir, nil
			}
		}
	}
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return filepath.Clean(dir), nil
	case err != nil:
		return "", fileError(err)
	case !info.IsDir():
		return "", usagef("--out: %s is a file, want a folder", dir)
	}
	if _, err := os.Stat(filepath.Join(dir, train.ConfigFile)); err == nil && !c.Bool("force") {
		return "", fail(fmt.Errorf("--out: %s holds a run already", dir), "--force writes over it, --resume goes on with it")
	}
	return filepath.Clean(dir), nil
}

// removeRun removes the files of an earlier run, and no others.
func removeRun(dir string) error {
	names := append([]string{train.ConfigFile, train.SplitFile, train.HistoryFile, train.EventsFile,
		train.BestFile, train.LastFile, train.MetricsFile}, report.Files()...)
	for _, name := range names {
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fileError(err)
		}
	}
	return nil
}

// linkLatest makes runs/latest point to a run in runs: a link, or where there
// are no links a file with its name.
func linkLatest(dir string) error {
	parent, name := filepath.Split(dir)
	if filepath.Base(filepath.Clean(parent)) != runsDir || name == latestRun {
		return nil
	}
	latest := filepath.Join(parent, latestRun)
	temporary := latest + ".new"
	os.Remove(temporary) // of a process that was killed
	if os.Symlink(name, temporary) != nil {
		return atomicfile.WriteBytes(latest, []byte(name+"\n"))
	}
	return os.Rename(temporary, latest)
}
