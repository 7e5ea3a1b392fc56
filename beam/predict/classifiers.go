package predict

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/infer/ort"
	"github.com/flowerctl/flowerctl/infer/ort/install"
	"github.com/flowerctl/flowerctl/infer/shard"
	"github.com/flowerctl/flowerctl/train/permanent"
)

// Model names a model to workers, who find the same bytes in a file of the same path, or
// in their own program.
type Model struct {
	Path    string // absolute; of the model that is built in, "" or what it is called
	Builtin bool
	SHA256  string
}

// read reads the model, which must be the one that the job was started with.
func (m Model) read() (*infer.File, error) {
	file, err := &infer.File{Name: infer.BuiltinName, Data: infer.Builtin(), Builtin: true}, error(nil)
	if !m.Builtin {
		file, err = infer.Find(m.Path)
	}
	if err != nil {
		return nil, err
	}
	if got := shard.Hash(file.Data); got != m.SHA256 {
		return nil, &permanent.Error{
			Err: fmt.Errorf("%s: got SHA-256 %.12s, but the job was started with %.12s", file.Name,
				got, m.SHA256),
			Remedy: "the same file, and the same program, on all workers"}
	}
	return file, nil
}

// classifier is a model that is opened once in a process, however many bundles are worked
// on at the same time.
type classifier struct {
	*infer.Classifier
	model Model
	users int           // guarded by opened
	runs  chan struct{} // as many as may overlap

	inUse  sync.RWMutex // held for reading while the model runs
	closed bool
}

// opened are the classifiers of the process.
var opened = struct {
	sync.Mutex
	classifiers map[Model]*classifier
	cores       int // GOMAXPROCS before the first was opened
}{classifiers: map[Model]*classifier{}}

// open is the classifier of a model, opened if no other user has it.
func open(m Model) (*classifier, error) {
	opened.Lock()
	defer opened.Unlock()
	c := opened.classifiers[m]
	if c == nil {
		file, err := m.read()
		if err != nil {
			return nil, err
		}
		if c, err = openFile(m, file); err != nil {
			return nil, err
		}
		// Decoders and runs of the network are in C most of the time: see infer.Engine.Alone,
		// which is for a single stream.
		if len(opened.classifiers) == 0 {
			opened.cores = runtime.GOMAXPROCS(0)
			runtime.GOMAXPROCS(2 * opened.cores)
		}
		opened.classifiers[m] = c
	}
	c.users++
	return c, nil
}

func openFile(m Model, file *infer.File) (*classifier, error) {
	library, err := install.Find(install.BuildCPU)
	if errors.Is(err, install.ErrNotInstalled) {
		return nil, &permanent.Error{Err: err, Remedy: "flowerctl runtime install"}
	}
	if err == nil {
		_, err = ort.Load(library)
	}
	if err != nil {
		return nil, err
	}
	c, err := file.Open(infer.Options{Many: true})
	if err != nil {
		return nil, &permanent.Error{Err: err}
	}
	runs := max(1, c.Engine().Runs)
	return &classifier{Classifier: c, model: m, runs: make(chan struct{}, runs)}, nil
}

// release gives the classifier back, once for each open. The last one closes it.
func (c *classifier) release() error {
	opened.Lock()
	defer opened.Unlock()
	if c.users--; c.users > 0 {
		return nil
	}
	return c.close()
}

// end closes the classifier whoever uses it: of bundles that a runner has given up nobody
// says when they end.
func (c *classifier) end() error {
	opened.Lock()
	defer opened.Unlock()
	return c.close()
}

// close waits for what is running; opened is locked.
func (c *classifier) close() error {
	c.inUse.Lock()
	defer c.inUse.Unlock()
	if c.closed {
		return nil
	}
	c.closed = true
	delete(opened.classifiers, c.model)
	if len(opened.classifiers) == 0 {
		runtime.GOMAXPROCS(opened.cores)
	}
	return c.Classifier.Close()
}

// engine answers with the classifier, and tells took how long a run was.
func (c *classifier) engine(took func(run func())) infer.Engine {
	engine := c.Engine()
	engine.Classify = func(ctx context.Context, images []imageprep.Image) (
		answers []infer.Answer, err error) {
		select {
		case c.runs <- struct{}{}:
			defer func() { <-c.runs }()
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
		c.inUse.RLock()
		defer c.inUse.RUnlock()
		if c.closed {
			return nil, errors.New("the classifier is closed")
		}
		took(func() { answers, err = c.Classify(ctx, images) })
		return answers, err
	}
	return engine
}
