package run

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/atomicfile"
	"github.com/flowerctl/flowerctl/train/checkpoint"
	"github.com/flowerctl/flowerctl/train/data"
	"github.com/flowerctl/flowerctl/train/features"
	"github.com/flowerctl/flowerctl/train/model"
	"github.com/flowerctl/flowerctl/train/nn"
)

// ExtractorFile is the ONNX file of a run whose network starts with one: all of it but
// the head, which alone is trained.
const ExtractorFile = "extractor.onnx"

// Onnxruntime is the value of Settings.Extractor with which a network that exists is not
// read: it computes features in onnxruntime, and only a head on them is trained.
const Onnxruntime = "onnxruntime"

// Extractor is what a base has in place of a network to train.
type Extractor struct {
	File []byte     // ONNX; see package export/extractor
	Node model.Node // of it, in the run's network
	Said string     // which features these are, for people
}

// FeatureEngine computes the features of an extractor's file. The packages that have
// onnxruntime make it; see infer/features.
type FeatureEngine interface {
	nn.Extractor
	Engine() string // "onnxruntime 1.27.0 cpu"
	Close() error
}

// Frozen says what a session has that starts with an extractor; the zero value of one
// that goes without.
type Frozen struct {
	// Open opens an extractor's file.
	Open func(file []byte) (FeatureEngine, error)
	// Cache keeps features on disk.
	Cache features.Cache
}

// ErrNoEngine means that a network starts with an extractor's file, and that nobody
// said what runs it.
var ErrNoEngine = errors.New("the network starts with an extractor, and nothing runs it")

// open opens an extractor's file, if there is one.
func (f *Frozen) open(file []byte) (FeatureEngine, error) {
	if f.Open == nil {
		return nil, ErrNoEngine
	}
	return f.Open(file)
}

// frozenWay says whether the session's network starts with an extractor.
func (p *plan) frozenWay() bool { return p.FromBase() && p.Extractor == Onnxruntime }

// Extracts says which features the session's network starts with, and what computes
// them; "" in networks without.
func (s *Session) Extracts() string {
	if s.extractor == nil {
		return ""
	}
	said := fmt.Sprintf("%d features an image", s.Spec.Extractor().Units)
	if b := s.options.Base; b != nil && b.Extractor != nil {
		said = b.Extractor.Said
	}
	return fmt.Sprintf("%s; computed once by %s", said, s.extractor.Engine())
}

// onExtractor is the network of a head on an extractor's features: linear, or with a
// hidden layer, before which features are brought to mean 0 and a deviation of 1.
func (p *plan) onExtractor(node model.Node, classes int) (model.Spec, error) {
	b := model.NewBuilder(BaseName(p.From), p.Size, classes)
	b.Add(node)
	if p.Hidden > 0 {
		b.BatchNorm()
		b.Dense(p.Hidden)
		b.ReLU()
		b.Dropout(hiddenDropout)
	}
	b.Head("main", 1)
	return b.Spec()
}

// hiddenDropout is the usual share for a hidden layer (Srivastava et al., 2014).
const hiddenDropout = 0.5

// startsFrozen gives a network its extractor and a new head.
func (s *Session) startsFrozen(ctx context.Context, classes int) (w model.Weights, err error) {
	b := s.options.Base
	if b == nil || b.Extractor == nil {
		return nil, ErrNoBase
	}
	if s.Spec, err = s.plan.onExtractor(b.Extractor.Node, classes); err != nil {
		return nil, err
	}
	if err := s.checkBase(ctx); err != nil {
		return nil, err
	}
	return s.Spec.NewWeights(s.plan.Seed)
}

// openExtractor opens the file of the extractor, where the network starts with one.
func (s *Session) openExtractor() (err error) {
	if s.Spec.Extractor() == nil {
		return nil
	}
	switch o := &s.options; {
	case o.Resume != nil:
		s.extractorFile = o.Resume.Checkpoint.Extractor
	case o.Base != nil && o.Base.Extractor != nil:
		s.extractorFile = o.Base.Extractor.File
	}
	s.extractor, err = s.options.Frozen.open(s.extractorFile)
	return err
}

// source is a loader's batches, with features where the network starts with an extractor.
func (s *Session) source(l *data.Loader) train.Source {
	if s.extractor == nil {
		return l
	}
	f := featured{Loader: l, session: s, items: s.Images.Set.Indices(l.Part()), views: 1}
	if l == s.Training {
		f.views = s.viewCount()
	}
	return f
}

// saveExtractor writes the extractor's file into the run's folder.
func (s *Session) saveExtractor(f Folder) error {
	if s.extractorFile == nil {
		return nil
	}
	return atomicfile.WriteBytes(f.path(ExtractorFile), s.extractorFile)
}

// ExtractorError says that the file is not there that a run's network starts with, or
// not as it was.
type ExtractorError struct {
	Path   string
	Reason string
}

func (e *ExtractorError) Error() string { return e.Path + ": " + e.Reason }

// Hint says what helps.
func (e *ExtractorError) Hint() string {
	return "the run cannot be used without it: copy it back, or train again with the run's config.json"
}

// loadExtractor gives a checkpoint its extractor's file.
func (f Folder) loadExtractor(c *checkpoint.Checkpoint) error {
	n := c.Spec.Extractor()
	if n == nil {
		return nil
	}
	path := f.path(ExtractorFile)
	digest, err := fileDigest(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &ExtractorError{path, "the file is not there that computes the features of the run"}
	case err != nil:
		return err
	case digest != n.File.SHA256:
		return &ExtractorError{path, fmt.Sprintf("not the file that the run was trained with: "+
			"its SHA-256 is %.12s, want %.12s", digest, n.File.SHA256)}
	}
	c.Extractor, err = os.ReadFile(path)
	return err
}
