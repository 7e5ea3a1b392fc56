package ort

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
)

// Install says how to install onnxruntime. The zero value installs the CPU build
// from the official release, or else from npm, where it is not there yet.
type Install struct {
	Build   Build
	Mirror  string // where the official archives are; "" means GitHub
	Offline bool   // use no network: an error unless it is installed already
	Force   bool   // install again over what is there

	// Log is told what happens, a line at a time; nil for nobody.
	Log func(line string)
	// Progress is told how many bytes of a download are there; total is -1 where
	// it is not known. nil for nobody.
	Progress func(done, total int64)

	from []source // nil means sources(), all but tests leave it
}

// Run installs the library into the user's cache and returns it, unless it is there
// already and its hashes are as installed. Every library is compared with a known
// SHA-256 before it is put in place. The folder appears complete or not at all;
// processes that install at the same time wait for one another, and the later ones
// find it done.
func (in Install) Run(ctx context.Context) (Library, error) {
	dir, err := installDir(in.Build)
	if err != nil {
		return Library{}, err
	}
	l, wrong := existing(dir)
	if wrong == nil && !in.Force {
		return l, nil
	}
	if in.Offline {
		return Library{}, offlineError(dir, wrong)
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return Library{}, err
	}
	unlock, err := lock(ctx, dir+".lock")
	if err != nil {
		return Library{}, err
	}
	defer unlock()
	if l, wrong = existing(dir); wrong == nil && !in.Force {
		return l, nil // another process was faster
	}
	if wrong != nil && !errors.Is(wrong, ErrNotInstalled) {
		in.log("%v: installing it anew", wrong)
	}
	removeLeftovers(dir)
	list := in.from
	if list == nil {
		list = sources(runtime.GOOS, runtime.GOARCH, in.Build)
	}
	return in.fromSources(ctx, dir, list)
}

// existing is the library in dir, if it is whole and as it was installed.
func existing(dir string) (Library, error) {
	l, err := readManifest(dir)
	if err != nil {
		return Library{}, err
	}
	return l, l.Verify()
}

// offlineError says why the network is needed; wrong is what existing found.
func offlineError(dir string, wrong error) error {
	switch {
	case wrong == nil:
		return fmt.Errorf("onnxruntime is in %s already: to install it again takes the network, which is not to be used", dir)
	case errors.Is(wrong, ErrNotInstalled):
		return fmt.Errorf("%w in %s, and the network is not to be used", wrong, dir)
	}
	return fmt.Errorf("%w, and the network is not to be used", wrong)
}

// fromSources tries one source after the other; the error names what was wrong
// with each.
func (in Install) fromSources(ctx context.Context, dir string, list []source) (Library, error) {
	if len(list) == 0 {
		return Library{}, fmt.Errorf("no onnxruntime %s (%s) is published for %s", Version, in.build(), platform())
	}
	var failed []string
	for _, s := range list {
		in.log("downloading onnxruntime %s (%s) from %s", Version, in.build(), s.name)
		l, err := in.fromSource(ctx, dir, s)
		if err == nil {
			return l, nil
		}
		if ctx.Err() != nil {
			return Library{}, context.Cause(ctx)
		}
		failed = append(failed, fmt.Sprintf("%s: %v", s.name, err))
		in.log("%s", failed[len(failed)-1])
	}
	return Library{}, fmt.Errorf("onnxruntime %s could not be installed: %s", Version, strings.Join(failed, "; "))
}

// fromSource downloads, checks, extracts and puts in place.
func (in Install) fromSource(ctx context.Context, dir string, s source) (_ Library, err error) {
	tmp, err := os.MkdirTemp(filepath.Dir(dir), filepath.Base(dir)+tmpMark)
	if err != nil {
		return Library{}, err
	}
	defer func() {
		err = errors.Join(err, os.RemoveAll(tmp))
	}()
	archive, err := s.fetch(ctx, &in, s, tmp)
	if err != nil {
		return Library{}, err
	}
	if s.sha256 != "" {
		if err := expectHash(archive, s.archive, s.sha256); err != nil {
			return Library{}, err
		}
	}
	out := filepath.Join(tmp, "out")
	if err := os.Mkdir(out, 0o755); err != nil {
		return Library{}, err
	}
	if err := extract(archive, out, s.members); err != nil {
		return Library{}, fmt.Errorf("%s: %w", s.archive, err)
	}
	l := Library{Path: filepath.Join(dir, libraryName()), Version: Version,
		Build: in.build(), Source: s.name, Files: map[string]string{}, Sizes: map[string]int64{}}
	for _, m := range s.members {
		path := filepath.Join(out, m.name)
		if m.sha256 != "" {
			if err := expectHash(path, m.path, m.sha256); err != nil {
				return Library{}, err
			}
		}
		if l.Files[m.name], err = hashFile(path); err != nil {
			return Library{}, err
		}
		info, err := os.Stat(path)
		if err != nil {
			return Library{}, err
		}
		l.Sizes[m.name] = info.Size()
	}
	if err := writeManifest(out, l); err != nil {
		return Library{}, err
	}
	return l, replaceDir(out, dir, tmp)
}

// replaceDir renames from to dir; what was there goes to trash.
func replaceDir(from, dir, trash string) error {
	err := os.Rename(dir, filepath.Join(trash, "old"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return os.Rename(from, dir)
}

func writeManifest(dir string, l Library) error {
	data, err := json.MarshalIndent(l, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, manifest), append(data, '\n'), 0o644)
}

func expectHash(path, name, want string) error {
	got, err := hashFile(path)
	if err == nil && got != want {
		err = fmt.Errorf("%s: got SHA-256 %s, want %s", name, got, want)
	}
	return err
}

// tmpMark is in the names of folders that an installation works in.
const tmpMark = ".tmp-"

// removeLeftovers removes what killed installations left. The lock is held, so
// none of it is in use.
func removeLeftovers(dir string) {
	old, _ := filepath.Glob(dir + tmpMark + "*") // the pattern is well-formed
	for _, path := range old {
		os.RemoveAll(path)
	}
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

func (in Install) build() Build {
	if in.Build == "" {
		return BuildCPU
	}
	return in.Build
}

func (in Install) log(format string, args ...any) {
	if in.Log != nil {
		in.Log(fmt.Sprintf(format, args...))
	}
}
