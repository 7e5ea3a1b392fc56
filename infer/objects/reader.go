package objects

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"time"
)

// Object is an object of a store. It is opened when it is read.
type Object struct {
	Name   Name
	Info   // its Size is -1 where nobody asked the store
	stores *Stores
}

// String is the name.
func (o *Object) String() string { return o.Name.String() }

// attempts is how often the bytes of an object are asked for without much of them, enough
// bytes, in between: a large one that is read for hours is cut now and then. A client of a
// store repeats requests without an answer by itself; these are for answers that end early
// or stall, which it does not notice.
const (
	attempts = 5
	enough   = 4 << 20
)

// errStalled is the cause of a request's end that had no byte for too long.
var errStalled = errors.New("no answer")

// Open opens the object. The reader has a method Size, gives that many bytes or an error,
// and goes on behind the last byte where the connection is cut. If the object changes
// meanwhile, or is not that of the ETag, the error is [ErrChanged]. Errors do not name the
// object.
func (o *Object) Open() (io.ReadCloser, error) { return o.Section(0, -1) }

// section opens length bytes from offset on; -1 are all.
func (o *Object) section(offset, length int64) (*reader, error) {
	b, err := o.stores.bucket(o.Name)
	if err != nil {
		return nil, err
	}
	r := &reader{stores: o.stores, bucket: b, key: o.Key, etag: o.ETag, at: offset,
		from: offset, end: offset + length, size: o.Size}
	if length < 0 {
		r.end = -1
	}
	if err := r.reopen(nil); err != nil {
		return nil, err
	}
	return r, nil
}

// reader is an object that is read from at to end.
type reader struct {
	stores  *Stores
	bucket  Bucket
	key     string
	etag    string
	at, end int64 // end is -1 before it is known
	size    int64 // of the object
	tries   int   // since from
	from    int64 // where the body began
	body    io.ReadCloser
	cancel  context.CancelCauseFunc // of the body
	ctx     context.Context         // of the body
	err     error                   // for good
}

// Size is how many bytes the object has.
func (r *reader) Size() int64 { return r.size }

// reopen asks for the rest of the bytes, again after a cut.
func (r *reader) reopen(cut error) error {
	if r.at-r.from >= enough {
		r.tries = 1
	}
	r.from = r.at
	for {
		r.Close()
		if r.tries++; r.tries > attempts {
			return fmt.Errorf("cut after %d bytes, %d times: %w", r.at, attempts, cut)
		}
		if err := r.stores.pause(r.tries - 1); err != nil {
			return err
		}
		ctx, cancel := context.WithCancelCause(r.stores.ctx)
		stop := r.stores.watch(cancel)
		length := int64(-1)
		if r.end >= 0 {
			length = r.end - r.at
		}
		body, info, err := r.bucket.Read(ctx, r.key, r.at, length, r.etag)
		stop()
		switch {
		case err != nil && r.stalled(ctx):
			cancel(nil)
			cut = r.stores.stall()
			continue
		case err != nil:
			cancel(nil)
			return err
		}
		r.body, r.ctx, r.cancel = body, ctx, cancel
		return r.accept(info)
	}
}

// accept compares what a store says of an object with what it said before.
func (r *reader) accept(info Info) error {
	other := r.etag != "" && info.ETag != "" && info.ETag != r.etag
	if other || r.size >= 0 && info.Size != r.size || info.Size < r.at || info.Size < r.end {
		r.Close()
		return ErrChanged
	}
	if r.size = info.Size; r.end < 0 {
		r.end = info.Size
	}
	if r.etag == "" {
		r.etag = info.ETag
	}
	return nil
}

func (r *reader) stalled(ctx context.Context) bool {
	return errors.Is(context.Cause(ctx), errStalled)
}

func (r *reader) Read(p []byte) (int, error) {
	for r.err == nil {
		if r.at >= r.end {
			r.err = io.EOF
			break
		}
		p := p[:min(int64(len(p)), r.end-r.at)]
		if len(p) == 0 {
			return 0, nil
		}
		stop := r.stores.watch(r.cancel)
		n, err := r.body.Read(p)
		stop()
		r.at += int64(n)
		if err != nil && r.at < r.end {
			switch {
			case r.stores.ctx.Err() != nil:
				err = context.Cause(r.stores.ctx)
			case r.stalled(r.ctx):
				err = r.stores.stall()
			case errors.Is(err, io.EOF):
				err = io.ErrUnexpectedEOF
			}
			if r.err = err; r.stores.ctx.Err() == nil {
				r.err = r.reopen(err)
			}
		}
		if n > 0 {
			return n, nil
		}
	}
	r.Close()
	return 0, r.err
}

// Close ends the request.
func (r *reader) Close() error {
	if r.body == nil {
		return nil
	}
	r.cancel(nil)
	err := r.body.Close()
	r.body = nil
	return err
}

// watch cancels a request that is not over in time, unless it is stopped before.
func (s *Stores) watch(cancel context.CancelCauseFunc) (stop func() bool) {
	return time.AfterFunc(s.longest(), func() { cancel(errStalled) }).Stop
}

func (s *Stores) longest() time.Duration {
	if s.Stall > 0 {
		return s.Stall
	}
	return time.Minute
}

func (s *Stores) stall() error { return fmt.Errorf("%w for %v", errStalled, s.longest()) }

// pause waits before a repetition, half of the time or up to all of it by chance, so that
// many shards do not ask together. It ends early with the stores' context.
func (s *Stores) pause(repetition int) error {
	if repetition == 0 {
		return nil
	}
	first := s.Pause
	if first <= 0 {
		first = 200 * time.Millisecond
	}
	longest := first << min(repetition-1, 6)
	wait := time.NewTimer(longest/2 + rand.N(longest/2+1))
	defer wait.Stop()
	select {
	case <-wait.C:
		return nil
	case <-s.ctx.Done():
		return context.Cause(s.ctx)
	}
}

// within runs a request that is no stream, and repeats it where it stalls.
func (s *Stores) within(request func(context.Context) error) error {
	for try := range attempts {
		if err := s.pause(try); err != nil {
			return err
		}
		ctx, cancel := context.WithCancelCause(s.ctx)
		stop := s.watch(cancel)
		err := request(ctx)
		stop()
		stalled := errors.Is(context.Cause(ctx), errStalled)
		cancel(nil)
		if err == nil || !stalled {
			return err
		}
	}
	return fmt.Errorf("%d times %w", attempts, s.stall())
}

// listing yields what list does, and ends it where it stalls: what was yielded is not asked
// for again. The receiver ends it at an error.
func listing[T any](s *Stores, list func(context.Context) iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		ctx, cancel := context.WithCancelCause(s.ctx)
		defer cancel(nil)
		stop := s.watch(cancel)
		defer func() { stop() }()
		for v, err := range list(ctx) {
			stop() // the receiver may take its time
			if err != nil && errors.Is(context.Cause(ctx), errStalled) {
				err = s.stall()
			}
			if !yield(v, err) {
				return
			}
			stop = s.watch(cancel)
		}
		if errors.Is(context.Cause(ctx), errStalled) { // what there is of it may not be all
			var none T
			yield(none, s.stall())
		}
	}
}
