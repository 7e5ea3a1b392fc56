// Package install finds onnxruntime's library on this machine, and installs it into
// the user's cache folder: from the official release, npm or pip, with every library
// compared with a known SHA-256. It loads nothing; package ort does. Start at [Find]
// and [Run].
package install

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"github.com/flowerctl/flowerctl/infer/download"
	"github.com/flowerctl/flowerctl/train/atomicfile"
)

// Options say how to install onnxruntime. The zero value installs the CPU build
// from the official release, or else from npm, where it is not there yet.
type Options struct {
	Build   Build
	Mirror  string // where the official archives are; "" means GitHub
	Offline bool   // use no network: an error unless it is installed already
	Force   bool   // install again over what is there

	// Log is told what happens, a line at a time; nil for nobody.
	Log func(line string)
	// Progress is told how many bytes of a download are there; total is 0 where it is
	// not known. nil for nobody.
	Progress func(done, total int64)

	from []source // nil means sources(), which only tests change
}

// Run installs the library into the user's cache folder and returns it, unless it is
// there already and its hashes are as installed. The folder appears complete or not
// at all; processes that install at the same time wait for one another, and the later
// ones find it done.
func Run(ctx context.Context, o Options) (Library, error) {
	dir, err := folderOf(o.Build)
	if err != nil {
		return Library{}, err
	}
	l, wrong := installed(dir)
	if wrong == nil && !o.Force {
		return l, nil
	}
	if o.Offline {
		return Library{}, offlineError(dir, wrong)
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return Library{}, atomicfile.OnDisk(err, dir)
	}
	unlock, err := lock(ctx, dir+".lock")
	if err != nil {
		return Library{}, err
	}
	defer unlock()
	if l, wrong = installed(dir); wrong == nil && !o.Force {
		return l, nil // another process was faster
	}
	if wrong != nil && !errors.Is(wrong, ErrNotInstalled) {
		o.log("%v: installing it again", wrong)
	}
	list := o.from
	if list == nil {
		list = sources(runtime.GOOS, runtime.GOARCH, o.Build)
	}
	l, err = o.fromSources(ctx, dir, list)
	return l, atomicfile.OnDisk(err, dir)
}

// installed is the library in dir, if its files are as they were installed.
func installed(dir string) (Library, error) {
	l, err := readManifest(dir)
	if err != nil {
		return Library{}, err
	}
	return l, l.Verify()
}

// offlineError says why the network is needed; wrong is the error of installed.
func offlineError(dir string, wrong error) error {
	switch {
	case wrong == nil:
		return fmt.Errorf("onnxruntime is in %s already: to install it again takes the network, "+
			"which is not to be used", dir)
	case errors.Is(wrong, ErrNotInstalled):
		return fmt.Errorf("%w in %s, and the network is not to be used", wrong, dir)
	}
	return fmt.Errorf("%w, and the network is not to be used", wrong)
}

// fromSources tries one source after the other; the error says what was wrong with
// each.
func (o Options) fromSources(ctx context.Context, dir string, list []source) (Library, error) {
	if len(list) == 0 {
		return Library{}, fmt.Errorf("no onnxruntime %s (%s) is published for %s/%s",
			Version, o.build(), runtime.GOOS, runtime.GOARCH)
	}
	var failed []string
	for _, s := range list {
		o.log("downloading onnxruntime %s (%s) from %s", Version, o.build(), s.name)
		l, err := o.fromSource(ctx, dir, s)
		if err == nil {
			return l, nil
		}
		if ctx.Err() != nil {
			return Library{}, context.Cause(ctx)
		}
		failed = append(failed, fmt.Sprintf("%s: %v", s.name, err))
		o.log("%s", failed[len(failed)-1])
	}
	return Library{}, fmt.Errorf("onnxruntime %s could not be installed: %s",
		Version, strings.Join(failed, "; "))
}

// fromSource downloads and checks the archive, and extracts it to dir.
func (o Options) fromSource(ctx context.Context, dir string, s source) (Library, error) {
	l := Library{Path: filepath.Join(dir, libraryName()), Version: Version, Build: o.build(),
		Source: s.name, Files: map[string]string{}, Sizes: map[string]int64{}}
	err := atomicfile.WriteDir(dir, true, func(out string) error {
		work := filepath.Join(out, "download")
		if err := os.Mkdir(work, 0o700); err != nil {
			return err
		}
		archive, err := s.fetch(ctx, &o, s, work)
		if err != nil {
			return err
		}
		if s.sha256 != "" {
			if err := expectHash(archive, s.archive, s.sha256); err != nil {
				return err
			}
		}
		if err := extract(archive, out, s.members); err != nil {
			return fmt.Errorf("%s: %w", s.archive, err)
		}
		if err := l.record(out, s.members); err != nil {
			return err
		}
		return errors.Join(writeManifest(out, l), os.RemoveAll(work))
	})
	if err != nil {
		return Library{}, err
	}
	return l, nil
}

// record checks the files in dir that have a known hash, and notes the hashes and
// sizes of all.
func (l *Library) record(dir string, members []member) error {
	for _, m := range members {
		path := filepath.Join(dir, m.name)
		if m.sha256 != "" {
			if err := expectHash(path, m.path, m.sha256); err != nil {
				return err
			}
		}
		sum, err := download.HashFile(path)
		if err != nil {
			return err
		}
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		l.Files[m.name], l.Sizes[m.name] = sum, info.Size()
	}
	return nil
}

func writeManifest(dir string, l Library) error {
	data, err := json.MarshalIndent(l, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, manifest), append(data, '\n'), 0o644)
}

func expectHash(path, name, want string) error {
	got, err := download.HashFile(path)
	if err == nil && got != want {
		err = fmt.Errorf("%s: got SHA-256 %s, want %s", name, got, want)
	}
	return err
}

// lock waits for its turn, at most until ctx ends, and leaves nothing running that
// would touch the folder afterwards. The kernel releases the lock of a process
// that dies.
func lock(ctx context.Context, path string) (unlock func(), err error) {
	file := flock.New(path)
	if _, err := file.TryLockContext(ctx, 50*time.Millisecond); err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return nil, err
	}
	return func() { file.Close() }, nil // a lock that cannot be given back ends with the process
}

func (o Options) build() Build {
	if o.Build == "" {
		return BuildCPU
	}
	return o.Build
}

func (o Options) log(format string, args ...any) {
	if o.Log != nil {
		o.Log(fmt.Sprintf(format, args...))
	}
}
