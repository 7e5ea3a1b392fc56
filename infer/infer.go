// Package infer answers what is in a picture: it opens an ONNX classifier, puts
// pixels in and takes labels out.
//
// It never imports gorgonia, export, or of training more than packages that import
// nothing of this module; onnxruntime is reached through infer/ort only. Start at [Open] or
// [Find], and [Classifier.Classify].
package infer

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/flowerctl/flowerctl/infer/foreign"
	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/infer/ort"
)

// Options say how a classifier is opened. The zero value is right for a file that
// flowerctl exported. Labels to Std are for files from elsewhere. Labels override what the
// file says; of the others those that contradict it are refused with a
// [*foreign.ContradictionError]. What nobody says is assumed: see [Classifier.Assumed].
type Options struct {
	Session ort.Options

	Labels     []string // names of the classes, by index
	LabelsFrom string   // where they are from, for messages
	Preset     string   // of foreign.Presets; what is said below counts before it
	Output     string   // name of the output that is the answer; "" means the one that suits best
	Size       int      // side of the square that the network takes, pixels
	Resize     imageprep.Resize
	// CropShare and Interpolation are those of imageprep.Config.
	CropShare     float64
	Interpolation imageprep.Interpolation
	Channels      foreign.Channels // "" means RGB
	// Mean and Std are of R, G and B, of pixels from 0 to 1: a float network is fed
	// (pixel/255 - mean) / std. nil means 0 and 1; one value counts for all three.
	Mean, Std []float32

	// Many opens the model for many pictures: a run has one thread, and Stream overlaps
	// as many runs as there are cores. No time goes into passing parts of a layer from
	// thread to thread. With Session.Threads set a run has that many threads, and as
	// many runs overlap as there are cores for. It has no effect on CUDA.
	Many bool

	// LoneThreads opens a model of Many that is no larger than 128 MiB a second time, with
	// so many threads to a run, for Classifier.ClassifyLone. Up to 1, and on CUDA, it has
	// no effect. The weights are in memory twice then.
	LoneThreads int

	// Explain opens the model so that Classifier.Explain works.
	Explain bool

	// Uncached makes onnxruntime optimise the graph again, in place of reading the
	// optimised one of last time: nothing but the file itself answers.
	Uncached bool

	// Fallback, if set, is told why Session.Device cannot be used, and the model is
	// opened on the CPU in its place.
	Fallback func(why error)

	beside foreign.Beside // reads the files beside the model, if it is a file
}

func (o *Options) wish() foreign.Wish {
	return foreign.Wish{Preset: o.Preset, Preprocessing: foreign.Preprocessing{Size: o.Size,
		Resize: o.Resize, CropShare: o.CropShare, Interpolation: o.Interpolation,
		Channels: o.Channels, Mean: o.Mean, Std: o.Std}}
}

// Classifier is an opened model. Its methods may be called at the same time,
// Close after them.
type Classifier struct {
	session       *ort.Session
	lone          *ort.Session // the same network with more threads; nil: session is that too
	input         input
	output        string   // which output is the answer
	named         string   // what the file calls it
	others        []string // outputs that could have been the answer as well
	linear        bool     // the graph makes them without a function that bounds them
	free          bool     // its shape does not say how many numbers it has
	width         int      // numbers of it for an image: one a class, or one for two classes
	ending        ending   // what its numbers are
	labels        []string
	from          string // who named them
	prep          imageprep.Config
	preprocessing *foreign.Result
	notes         []string
	unknown       float64   // see UnknownBelow
	sigmoid       bool      // the graph ends in one
	thresholds    []float64 // by label, where a picture may have several; nil elsewhere
	runs          int       // that Stream overlaps
	buffers       sync.Pool // of *buffer

	explains bool
	classMap *classMap // nil: by occlusion
}

// Open reads the ONNX file at path and opens it: see [File.Open].
func Open(path string, o Options) (*Classifier, error) {
	f, err := readModel(path)
	if err != nil {
		return nil, err
	}
	return f.Open(o)
}

// New opens the bytes of an ONNX file.
func New(model []byte, o Options) (*Classifier, error) {
	c, err := newClassifier(model, o)
	var device *ort.DeviceError
	if o.Fallback == nil || !errors.As(err, &device) {
		return c, err
	}
	o.Fallback(err)
	o.Session.Device, o.Session.TF32 = ort.Device{}, false // the build with CUDA has the CPU too
	return newClassifier(model, o)
}

func newClassifier(model []byte, o Options) (*Classifier, error) {
	m, err := ort.Read(model)
	if err != nil {
		return nil, err
	}
	c := &Classifier{runs: 1, explains: o.Explain}
	own, err := c.configure(m, o)
	if err != nil {
		return nil, err
	}
	said, graph := m.Metadata, m.Decoded
	if m, err = c.prepare(m, &o.Session); err != nil {
		return nil, err
	}
	if o.Many && !o.Session.Device.CUDA {
		o.Session.Threads = max(1, o.Session.Threads)
		c.runs = max(1, runtime.GOMAXPROCS(0)/o.Session.Threads)
	}
	if c.session, err = m.Open(o.Session); err != nil {
		return nil, err
	}
	if err := c.openLone(m, len(model), o); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	if err := c.settleWidth(graph); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	if err := c.settleLabels(own, said); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	if c.ending == unclear {
		var taken string
		if c.ending, taken, err = c.tryEnding(c.linear); err != nil {
			return nil, errors.Join(err, c.Close())
		}
		if taken != "" {
			c.notes = append(c.notes, fmt.Sprintf("the values of output %s are taken for %s",
				c.named, taken))
		}
	}
	return c, nil
}

// configure combines what the file, the files beside it and the options say, and reports
// whether flowerctl export wrote the file.
func (c *Classifier) configure(m *ort.Model, o Options) (own bool, err error) {
	if err := noTensor(m); err != nil {
		return false, err
	}
	facts, err := foreign.Read(m.Metadata, o.beside)
	if err != nil {
		return false, err
	}
	c.notes = facts.Notes
	if c.labels, c.from = facts.Labels, facts.LabelsFrom; len(o.Labels) > 0 {
		c.labels, c.from = o.Labels, o.LabelsFrom
	}
	if len(c.labels) == 0 {
		return false, noLabels(facts.Notes)
	}
	ports := m.Inputs
	if len(ports) != 1 {
		return false, fmt.Errorf("got %d inputs, want one, for images", len(ports))
	}
	if c.input, err = readInput(ports[0], m.Decoded); err != nil {
		return false, err
	}
	if facts.Own && o.Size > 0 {
		return false, ErrOwnSize
	}
	if facts.Own {
		if c.unknown, err = readUnknown(m.Metadata); err != nil {
			return false, err
		}
	}
	if c.preprocessing, err = facts.Resolve(o.wish(), c.input.size, c.input.bytes); err != nil {
		return false, err
	}
	if err := c.setSize(o.Size); err != nil {
		return false, err
	}
	c.input.bgr = c.preprocessing.Channels == foreign.BGR
	if err := c.input.setScale(c.preprocessing.Mean, c.preprocessing.Std); err != nil {
		return false, err
	}
	return facts.Own, c.chooseOutput(m, o.Output)
}

// setSize decides on the side of the square: what the input's shape fixes, else what was
// asked for, else what the file and the files beside it say.
func (c *Classifier) setSize(asked int) error {
	if fixed := c.input.size; fixed > 0 && asked > 0 && asked != fixed {
		return fmt.Errorf("got size %d, but input %s takes %d only", asked, c.input.name, fixed)
	}
	c.prep = c.preprocessing.Config()
	if c.prep.Size == 0 {
		return ErrNoSize
	}
	return c.prep.Validate()
}

// Errors of Open that other options mend.
var (
	ErrNoLabels = errors.New("the file does not name its classes")
	ErrNoSize   = errors.New("the file does not say what size of image it takes")
	// ErrOwnSize refuses Options.Size for a file that flowerctl exported: its graph
	// resizes, and would enlarge what was made smaller for it.
	ErrOwnSize = errors.New("the file says itself what size of image it takes")
)

// noLabels is ErrNoLabels, with what was left out where there was something.
func noLabels(notes []string) error {
	notes = slices.DeleteFunc(slices.Clone(notes), func(note string) bool {
		return !strings.Contains(note, "names") && !strings.HasPrefix(note, "config.json is left out")
	})
	if len(notes) == 0 {
		return ErrNoLabels
	}
	return fmt.Errorf("%w: %s", ErrNoLabels, strings.Join(notes, "; "))
}

// Labels are the names of the classes, by index.
func (c *Classifier) Labels() []string { return slices.Clone(c.labels) }

// UnknownBelow is the probability below which the file says that an answer is to be
// called unknown, chosen for a wanted precision; 0 where it says nothing.
func (c *Classifier) UnknownBelow() float64 { return c.unknown }

// Output is the name of the output that is the answer, and others are those that could
// be it as well, where nothing but their order says which one is meant.
func (c *Classifier) Output() (name string, others []string) { return c.named, slices.Clone(c.others) }

// Preprocess is how pictures become what the network takes.
func (c *Classifier) Preprocess() imageprep.Config { return c.prep }

// Preprocessing is all that becomes of pictures, in one line for people.
func (c *Classifier) Preprocessing() string { return c.preprocessing.String() }

// Assumed is what neither the file nor anybody else says of it, and what is taken for
// granted: "stretch", "pixels of 0 to 1".
func (c *Classifier) Assumed() []string {
	assumed := slices.Clone(c.preprocessing.Assumed)
	if c.input.assumed != "" {
		assumed = append(assumed, c.input.assumed)
	}
	if c.binary() {
		assumed = append(assumed, "its one value is the probability of "+c.labels[1])
	}
	return assumed
}

// Notes are remarks: about metadata, of the file and beside it, that were left out, and
// what the numbers of the answer are taken for where the graph does not say it.
func (c *Classifier) Notes() []string { return slices.Clone(c.notes) }

// Session is the model underneath.
func (c *Classifier) Session() *ort.Session { return c.session }

// Close releases the model.
func (c *Classifier) Close() error {
	var err error
	if c.lone != nil {
		err = c.lone.Close()
	}
	return errors.Join(c.session.Close(), err)
}
