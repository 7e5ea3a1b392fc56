package ort

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"time"

	ort "github.com/yalue/onnxruntime_go"
	"golang.org/x/sys/cpu"

	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/atomicfile"
)

// GraphCache is the folder of optimised graphs, each of a model that a session was
// opened of with Options.Name. Its files may be deleted at any time.
func GraphCache() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no cache folder for optimised graphs: %w", err)
	}
	return filepath.Join(cache, "flowerctl", "graphs"), nil
}

// What the cache holds: graphs of models up to a size, those that were used last. A
// large fully connected layer takes longer to read than to optimise, so that a graph
// with one is not cached: 15.6 MB in the 19 MB of v7-base made it 1.3 times the time.
// The largest convolution of a ResNet has 9.4 MB.
const (
	largestModel  = 128 << 20 // bytes
	largestWeight = 12 << 20  // bytes
	cacheBytes    = 512 << 20
)

// native is a session of the bindings.
type native = ort.DynamicAdvancedSession

// cached is where a model's optimised graph is in the cache: one file for each
// model's name, library and processor, which ends in a trailer.
//
// A graph is used only for the bytes it was made of, which their checksum tells.
// SHA-256 would, but takes 8 ms for a network of 10 MB, half of what is won; and who
// can forge a checksum here can as well replace the model. Where that would be
// noticed, since the model must have been verified, no graph may be cached.
type cached struct {
	path string
	from [sha256.Size]byte // what the graph was made of and by
}

// trailer is the end of the file. To protobuf it is a field that ONNX does not
// have, so that onnxruntime can read the file as it is.
type trailer struct {
	Tag  [3]byte
	From [sha256.Size]byte
	Sum  uint32 // of the graph
}

// fieldTag says that field 1000 follows, in 36 bytes.
var fieldTag = [3]byte{0xc2, 0x3e, sha256.Size + 4}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// cachedGraph is where the graph of a model is cached. It is nil where none is: of a
// model without a name, of a large or foreign one, on a GPU, or without a cache
// folder.
func cachedGraph(m *Model, o Options) *cached {
	if o.Name == "" || o.Device.CUDA || len(m.file) > largestModel ||
		heaviest(m.Decoded) > largestWeight {
		return nil
	}
	size, sum, err := m.sum()
	if err != nil {
		return nil
	}
	dir, err := GraphCache()
	if err != nil {
		return nil
	}
	library := Loaded()
	info, err := os.Stat(library.Path)
	if err != nil {
		return nil
	}
	// The layouts that onnxruntime chooses depend on the processor.
	place := fmt.Sprintf("%s\n%s %s %d %d\n%v %v", o.Name,
		library.Path, library.Version, info.Size(), info.ModTime().UnixNano(), cpu.X86, cpu.ARM64)
	from := fmt.Sprintf("%s\n%d %08x", place, size, sum)
	name := sha256.Sum256([]byte(place))
	return &cached{filepath.Join(dir, fmt.Sprintf("%x.onnx", name[:16])), sha256.Sum256([]byte(from))}
}

// sum is the length of the model's bytes and their checksum. An edited model is not
// copied for it.
func (m *Model) sum() (size int64, sum uint32, err error) {
	if !m.edited {
		return int64(len(m.file)), crc32.Checksum(m.file, castagnoli), nil
	}
	h := crc32.New(castagnoli)
	size, err = m.Decoded.WriteTo(h)
	return size, h.Sum32(), err
}

// heaviest is the size in bytes of the model's largest weight. What package onnx
// cannot read counts as too heavy: it may have weights in other files.
func heaviest(m *onnx.Model) (size int) {
	if m == nil {
		return math.MaxInt
	}
	for i := range m.Graph.Initializers {
		size = max(size, len(m.Graph.Initializers[i].Raw))
	}
	return size
}

// find is the file if it holds the graph, undamaged.
func (k *cached) find() (os.FileInfo, bool) {
	if info, err := os.Stat(k.path); err != nil || !info.Mode().IsRegular() {
		return nil, false // to open a pipe would wait for whoever writes to it
	}
	f, err := os.Open(k.path)
	if err != nil {
		return nil, false
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, false
	}
	var t trailer
	n := info.Size() - int64(binary.Size(t))
	if n < 0 {
		return nil, false
	}
	sum, err := checksum(io.LimitReader(f, n))
	if err != nil || binary.Read(f, binary.LittleEndian, &t) != nil ||
		t != (trailer{fieldTag, k.from, sum}) {
		return nil, false
	}
	return info, true
}

func checksum(r io.Reader) (uint32, error) {
	sum := crc32.New(castagnoli)
	_, err := io.CopyBuffer(sum, r, make([]byte, 256<<10))
	return sum.Sum32(), err
}

// use opens the graph, or is nil if there is none, or another process put
// another in its place just now.
func (k *cached) use(create func(path string) (*native, error)) *native {
	before, ok := k.find()
	if !ok {
		return nil
	}
	n, err := create(k.path)
	if err != nil {
		return nil
	}
	if after, err := os.Stat(k.path); err != nil || !os.SameFile(before, after) {
		n.Destroy()
		return nil
	}
	now := time.Now()
	os.Chtimes(k.path, now, now) // prune leaves the graphs that were used last
	return n
}

// write puts the graph that save writes to a path into the cache. Where that fails,
// save's session is as good.
func (k *cached) write(save func(path string) error) error {
	dir := filepath.Dir(k.path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	err := atomicfile.WriteNamed(k.path, func(temporary string) error {
		if err := save(temporary); err != nil {
			return err
		}
		return k.finish(temporary)
	})
	if err != nil {
		return err
	}
	return prune(dir, cacheBytes)
}

// finish adds the trailer to a graph.
func (k *cached) finish(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	sum, err := checksum(f)
	if err == nil {
		err = binary.Write(f, binary.LittleEndian, trailer{fieldTag, k.from, sum})
	}
	return errors.Join(err, f.Close())
}

// prune removes what was used longest ago until dir holds no more than limit
// bytes.
func prune(dir string, limit int64) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	var files []os.FileInfo
	for _, e := range entries {
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() {
			files = append(files, info)
		}
	}
	slices.SortFunc(files, func(a, b os.FileInfo) int {
		return cmp.Or(b.ModTime().Compare(a.ModTime()), cmp.Compare(a.Name(), b.Name()))
	})
	for _, info := range files {
		if limit -= info.Size(); limit < 0 {
			err = errors.Join(err, os.Remove(filepath.Join(dir, info.Name())))
		}
	}
	return err
}

// open is a session of the model: of the graph in the cache, else of one that is
// optimised now, and cached if that can be.
func (s *Session) open(m *Model, o Options) (*native, error) {
	in, out := names(s.inputs), s.computed
	optimise := func(options *ort.SessionOptions) (*native, error) {
		file, err := m.bytes()
		if err != nil {
			return nil, err
		}
		return ort.NewDynamicAdvancedSessionWithONNXData(file, in, out, options)
	}
	k := cachedGraph(m, o)
	if k == nil {
		return withOptions(o, optimise)
	}
	opened := k.use(func(path string) (*native, error) {
		return withOptions(o, func(options *ort.SessionOptions) (*native, error) {
			err := options.SetGraphOptimizationLevel(ort.GraphOptimizationLevelDisableAll)
			if err != nil {
				return nil, err
			}
			return ort.NewDynamicAdvancedSession(path, in, out, options)
		})
	})
	if opened != nil {
		return opened, nil
	}
	k.write(func(path string) (err error) {
		opened, err = withOptions(o, func(options *ort.SessionOptions) (*native, error) {
			if err := options.SetOptimizedModelFilePath(path); err != nil {
				return nil, err
			}
			return optimise(options)
		})
		return err
	})
	if opened != nil {
		return opened, nil
	}
	return withOptions(o, optimise) // it may have been the cache that failed
}

// withOptions opens a native session with o's options.
func withOptions(
	o Options, open func(*ort.SessionOptions) (*native, error),
) (_ *native, err error) {
	options, err := sessionOptions(o)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, options.Destroy()) }()
	return open(options)
}
