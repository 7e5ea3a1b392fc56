package serve

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/imageprep"
)

// Classifier is what answers: an [infer.Classifier], or another with its methods,
// which may be called at the same time.
type Classifier interface {
	Labels() []string
	Preprocess() imageprep.Config
	Classify(ctx context.Context, images []imageprep.Image) ([]infer.Answer, error)
	Explain(ctx context.Context, img imageprep.Image, class int) (infer.Heat, error)
	Close() error
}

// Model is a classifier and what is said about it.
type Model struct {
	Classifier Classifier
	// Lone answers in place of Classifier.Classify where the model has nothing else to do,
	// sooner and with the same numbers; nil means that Classify does.
	Lone     infer.Classify
	Input    string            // the name of its tensor of pictures; "" means image
	Runs     int               // that may overlap; 0 means 1
	MaxBatch int               // pictures in a run; 0 means 8
	Card     map[string]string // the file's metadata
	SHA256   string            // of the file, hexadecimal; "" where there is none
	Device   string            // where it runs, for people
	// UnknownBelow is the probability below which an answer is called unknown where the
	// client says nothing.
	UnknownBelow float64
	Report       json.RawMessage // of flowerctl verify; nil where there is none
}

// NewModel describes a classifier that was opened from the bytes of a file, of which
// the hash is told; nil for none. The report is what flowerctl verify wrote about the
// file, or nil.
func NewModel(c *infer.Classifier, file, report []byte) *Model {
	m := &Model{Classifier: c, Lone: c.ClassifyLone, Runs: max(1, c.Engine().Runs),
		MaxBatch: batchOnCPU, Report: report, UnknownBelow: c.UnknownBelow()}
	session := c.Session()
	device := session.Device()
	if m.Device = device.String(); device.CUDA {
		m.MaxBatch = batchOnCUDA
	}
	if inputs := session.Inputs(); len(inputs) > 0 {
		m.Input = inputs[0].Name
	}
	m.Card = maps.Clone(session.Metadata())
	if file != nil {
		sum := sha256.Sum256(file)
		m.SHA256 = hex.EncodeToString(sum[:])
	}
	return m
}

// How many pictures a run takes where nobody says. On a CPU larger batches are not
// faster; a GPU is idle with fewer.
const (
	batchOnCPU  = 8
	batchOnCUDA = 32
)

// complete fills in what was left out.
func (m *Model) complete() {
	if m.Input == "" {
		m.Input = "image"
	}
	if m.Lone == nil {
		m.Lone = m.Classifier.Classify
	}
	m.Runs = max(1, m.Runs)
	if m.MaxBatch <= 0 {
		m.MaxBatch = batchOnCPU
	}
}

// warm answers for batches of 1, 2, 4 and so on to MaxBatch pictures, so that the
// first request pays nothing that later ones do not. On CUDA these are the sizes
// that runs are filled up to. The largest come first, as many at a time as ever will: all
// that follow find room in what those took of memory, in whatever order they come, and
// load does not add to it. took hears how long each run took, of several at once.
func (m *Model) warm(ctx context.Context, took func(n int, d time.Duration)) error {
	prep := m.Classifier.Preprocess()
	grey := imageprep.Image{W: prep.Size, H: prep.Size, Pix: make([]uint8, 3*prep.Size*prep.Size)}
	for i := range grey.Pix {
		grey.Pix[i] = 128
	}
	// One run is enough there: what other sizes need more is memory.
	if _, err := m.Lone(ctx, []imageprep.Image{grey}); err != nil {
		return err
	}
	run := func(n int) error {
		start := time.Now()
		answers, err := m.Classifier.Classify(ctx, slices.Repeat([]imageprep.Image{grey}, n))
		if err != nil {
			return err
		}
		took(n, time.Since(start))
		return answers[0].Err()
	}
	errs := make([]error, m.Runs)
	var together sync.WaitGroup
	for i := range errs {
		together.Go(func() { errs[i] = run(m.MaxBatch) })
	}
	together.Wait()
	err := cmp.Or(errs...)
	for n := 1; n < m.MaxBatch && err == nil; n *= 2 {
		err = run(n)
	}
	return err
}

// pictureError is the answer to a picture that cannot be read.
func pictureError(err error) *Error {
	var refused *imageprep.Error
	if !errors.As(err, &refused) {
		return asError(err)
	}
	status := statusUnprocessable
	switch refused.Kind {
	case imageprep.ErrTooLarge:
		status = statusTooLarge
	case imageprep.ErrNotImage, imageprep.ErrUnsupported:
		status = statusMediaType
	}
	text := refused.Error()
	if status == statusMediaType {
		text += "; " + refused.Hint()
	}
	return &Error{Status: status, Text: text}
}
