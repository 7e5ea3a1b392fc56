package serve

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/flowerctl/flowerctl/infer/imageprep"
)

// version is one version of a model while it is served.
type version struct {
	*Model
	name, number string
	labels       []string
	prep         imageprep.Config
	batcher      *batcher
	stats        *statistics

	uses    sync.WaitGroup
	retired chan struct{} // closed when the classifier is closed
}

// newVersion makes a version that is not served yet.
func (s *Server) newVersion(name, number string, m *Model) *version {
	m.complete()
	if s.options.MaxBatch > 0 {
		m.MaxBatch = s.options.MaxBatch
	}
	if s.options.Alone { // the model may have counted threads that have no core
		m.Runs = min(m.Runs, s.cores)
	}
	v := &version{Model: m, name: name, number: number, labels: m.Classifier.Labels(),
		prep: m.Classifier.Preprocess(), stats: new(statistics), retired: make(chan struct{})}
	limits := s.options.Limits
	v.batcher = newBatcher(m.Classifier.Classify, m.Runs, m.MaxBatch, limits.Queue, s.options.MaxWait)
	v.batcher.lone = m.Lone
	v.batcher.observe = func(r run) {
		v.stats.ran(r)
		s.metrics.ran(name, r)
	}
	return v
}

// picture is what a client asks about: the bytes of a file, or pixels.
type picture struct {
	name  string // that the client gave it; may be empty
	data  []byte
	image imageprep.Image
}

// order is what a request wants an answer for, and what it holds meanwhile.
type order struct {
	pictures []picture
	room     *room  // in the queue
	body     func() // is called when nothing refers to the body any more
}

// release gives back what is held.
func (o *order) release() {
	o.body()
	o.room.release()
}

// job is a request's pictures on their way to an answer.
type job struct {
	pictures []picture
	images   []imageprep.Image // as the network sees them; empty where there is an error
	out      []outcome
}

// answer answers for pictures, in order. What the request holds is given back when nothing
// needs it any more, which may be after ctx has ended and answer has returned.
func (s *Server) answer(ctx context.Context, v *version, o order) (*job, error) {
	start := time.Now()
	n := len(o.pictures)
	if !o.room.grow(n) {
		o.release()
		v.stats.answered(time.Since(start), errFull)
		return nil, errFull
	}
	j := &job{pictures: o.pictures, images: make([]imageprep.Image, n), out: make([]outcome, n)}
	o.body = sync.OnceFunc(o.body)
	ended := make(chan error, 1)
	v.uses.Add(1)
	go func() {
		err := s.work(ctx, v, j, o.body)
		// Before the client hears of it: its next request must not find the room taken.
		o.release()
		v.uses.Done()
		ended <- err
	}()
	var err error
	select {
	case err = <-ended:
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	v.stats.answered(time.Since(start), err)
	if err != nil {
		return nil, err
	}
	for _, o := range j.out {
		s.metrics.picture(v.name, o.err)
	}
	return j, nil
}

// work decodes the pictures of a job and answers for those that can be read. decoded is
// called as soon as nothing refers to the body: files are not needed while they wait for
// the network, but pixels may be the body's own.
func (s *Server) work(ctx context.Context, v *version, j *job, decoded func()) error {
	describeSpan(ctx, v.name, len(j.pictures))
	start := time.Now()
	pixels := slices.ContainsFunc(j.pictures, func(p picture) bool { return p.image.Pix != nil })
	_, span := s.tracer.Start(ctx, spanDecode)
	err := s.decode(ctx, v, j)
	if span.End(); err != nil {
		return err
	}
	if !pixels {
		decoded()
	}
	v.stats.decoded(time.Since(start))
	var images []imageprep.Image
	var places []int
	for i, o := range j.out {
		if o.err == nil {
			images, places = append(images, j.images[i]), append(places, i)
		}
	}
	_, span = s.tracer.Start(ctx, spanInfer)
	out, err := v.batcher.answer(ctx, images)
	span.End()
	for i, o := range out {
		if j.out[places[i]] = o; o.err != nil {
			s.failed(v, o.err)
		}
	}
	return err
}

// failed logs what the client is told nothing about.
func (s *Server) failed(v *version, err error) {
	if asError(err).Status == 500 {
		s.log.Error("the model failed", "model", v.name, "version", v.number, "error", err)
	}
}

// decode makes images of a job's pictures, on as many cores as the server lets decode
// at a time. A picture that cannot be read has its error.
func (s *Server) decode(ctx context.Context, v *version, j *job) error {
	var next atomic.Int64
	worker := func() {
		for i := int(next.Add(1)) - 1; i < len(j.pictures); i = int(next.Add(1)) - 1 {
			select {
			case s.decoders <- struct{}{}:
			case <-ctx.Done():
				return
			}
			s.decodeOne(v, j, i)
			<-s.decoders
		}
	}
	var others sync.WaitGroup
	for range min(len(j.pictures), cap(s.decoders)) - 1 {
		others.Go(worker)
	}
	worker()
	others.Wait()
	return ctx.Err()
}

func (s *Server) decodeOne(v *version, j *job, i int) {
	start := time.Now()
	p := &j.pictures[i]
	if p.image.Pix != nil {
		j.images[i] = v.prep.Apply(p.image)
	} else if img, err := s.images.Prepare(imageprep.Bytes(p.data), v.prep); err != nil {
		j.out[i].err = pictureError(err)
	} else {
		j.images[i] = img
	}
	*p = picture{name: p.name}
	s.metrics.decode.Observe(time.Since(start).Seconds())
}
