package objects

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"sync"
	"time"
)

// Info is what a store says of an object.
type Info struct {
	Key  string
	Size int64 // bytes; -1 where it is not known
	// ETag changes whenever the object does: the store's own tag, without quotes, or the
	// number of its generation. "" where the store says none.
	ETag string
}

// Bucket is the objects of one bucket. Its errors are [fs.ErrNotExist], [fs.ErrPermission]
// and [ErrChanged] where they mean that, and name neither bucket nor key. What failed and
// can be tried again was tried again, but for a body that ends early.
type Bucket interface {
	// List yields the objects whose keys begin with prefix, in the order of their keys.
	List(ctx context.Context, prefix string) iter.Seq2[Info, error]
	// Folders yields what is between prefix and the next slash, without it, in order.
	Folders(ctx context.Context, prefix string) iter.Seq2[string, error]
	// Stat asks for one object.
	Stat(ctx context.Context, key string) (Info, error)
	// Read opens the bytes of an object from offset on: length of them, or all for -1. Info
	// is that of the whole object. Where etag is not "" and the object has another one by
	// now, the error is ErrChanged.
	Read(ctx context.Context, key string, offset, length int64, etag string) (io.ReadCloser, Info,
		error)
	Close() error
}

// Opener opens a bucket by its URL; see [Name.URL].
type Opener func(ctx context.Context, url string) (Bucket, error)

// ErrChanged means that an object is another one than it was.
var ErrChanged = errors.New("the object changed")

// AbsentError says that the program was built without object stores.
type AbsentError struct{ Name string }

func (e *AbsentError) Error() string {
	return e.Name + ": this build of the program reads no object stores"
}

// Hint is how to build one that does.
func (e *AbsentError) Hint() string { return "make build CLOUD=yes, or go build -tags cloud" }

// Stores are buckets that are opened when they are first read. They may be used by
// several goroutines. A nil *Stores has none: its errors are [*AbsentError].
type Stores struct {
	ctx     context.Context
	open    Opener
	mu      sync.Mutex
	buckets map[string]func() (Bucket, error)

	// Stall is how long a request may be without an answer or without a byte of it before
	// it counts as cut; 0 means a minute. It bounds what a store's own client does to get an
	// answer, repetitions included.
	Stall time.Duration
	// Pause is about how long to wait before the first repetition, and doubles with each; 0
	// means 200 ms.
	Pause time.Duration
}

// New makes the buckets that open opens. Whatever they do ends when ctx does. open may be
// nil: then there are no stores, and the result is nil.
func New(ctx context.Context, open Opener) *Stores {
	if open == nil {
		return nil
	}
	return &Stores{ctx: ctx, open: open, buckets: map[string]func() (Bucket, error){}}
}

// Close closes the buckets that were opened.
func (s *Stores) Close() error {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, open := range s.buckets {
		if b, err := open(); err == nil {
			errs = append(errs, b.Close())
		}
	}
	clear(s.buckets)
	return errors.Join(errs...)
}

// bucket opens the bucket of a name, once.
func (s *Stores) bucket(n Name) (Bucket, error) {
	url := n.URL()
	s.mu.Lock()
	open, ok := s.buckets[url]
	if !ok {
		open = sync.OnceValues(func() (Bucket, error) { return s.open(s.ctx, url) })
		s.buckets[url] = open
	}
	s.mu.Unlock()
	return open()
}

// parse is Parse, and an error where there are no stores.
func (s *Stores) parse(name string) (Name, error) {
	n, err := Parse(name)
	if err == nil && s == nil {
		err = &AbsentError{name}
	}
	return n, err
}

// Object is the one of that name, of which nothing is asked yet. Where etag is not "",
// opening it fails with [ErrChanged] if it has another.
func (s *Stores) Object(name, etag string) (*Object, error) {
	n, err := s.parse(name)
	if err != nil {
		return nil, err
	}
	return &Object{Name: n, Info: Info{Key: n.Key, Size: -1, ETag: etag}, stores: s}, nil
}

// Stat asks for an object. Its errors begin with the name.
func (s *Stores) Stat(name string) (*Object, error) {
	o, err := s.Object(name, "")
	if err != nil {
		return nil, err
	}
	if o, err = o.Stat(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return o, nil
}

// Stat asks for the object again. Its error does not name it.
func (o *Object) Stat() (*Object, error) {
	b, err := o.stores.bucket(o.Name)
	if err != nil {
		return nil, err
	}
	now := *o
	err = o.stores.within(func(ctx context.Context) (err error) {
		now.Info, err = b.Stat(ctx, o.Key)
		return err
	})
	return &now, err
}

// List yields the objects whose names begin with prefix, in the order of their keys. Its
// errors, which end it, begin with the prefix.
func (s *Stores) List(prefix string) iter.Seq2[*Object, error] {
	return func(yield func(*Object, error) bool) {
		n, err := s.parse(prefix)
		if err != nil {
			yield(nil, err)
			return
		}
		b, err := s.bucket(n)
		if err != nil {
			yield(nil, fmt.Errorf("%s: %w", prefix, err))
			return
		}
		list := func(ctx context.Context) iter.Seq2[Info, error] { return b.List(ctx, n.Key) }
		for info, err := range listing(s, list) {
			if err != nil {
				yield(nil, fmt.Errorf("%s: %w", prefix, err))
				return
			}
			if !yield(&Object{Name: n.With(info.Key), Info: info, stores: s}, nil) {
				return
			}
		}
	}
}

// Folders are the names that follow prefix in the names of objects, up to a slash, in
// order. The error begins with the prefix.
func (s *Stores) Folders(prefix string) (names []string, err error) {
	n, err := s.parse(prefix)
	if err != nil {
		return nil, err
	}
	b, err := s.bucket(n)
	if err == nil {
		list := func(ctx context.Context) iter.Seq2[string, error] { return b.Folders(ctx, n.Key) }
		for name, failed := range listing(s, list) {
			if err = failed; err != nil {
				break
			}
			names = append(names, name)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", prefix, err)
	}
	return names, nil
}

// Gone says whether an error means that there is no such object, or bucket.
func Gone(err error) bool { return errors.Is(err, fs.ErrNotExist) }
