package objects

import (
	"fmt"
	"io"
)

// window is how much is read at once where a directory is looked for.
const window = 256 << 10

// Section opens length bytes from offset on; -1 are all.
func (o *Object) Section(offset, length int64) (io.ReadCloser, error) {
	r, err := o.section(offset, length)
	if err != nil {
		return nil, err // not a reader that is nil
	}
	return r, nil
}

// At reads anywhere in an object, whose Size is known. It is for one goroutine while it is
// Windowed, and for many else.
type At struct {
	*Object
	// Windowed reads more than is asked for and keeps it, for many short reads nearby.
	Windowed bool

	from int64
	kept []byte
}

// ReadAt is that of io.ReaderAt.
func (a *At) ReadAt(p []byte, off int64) (int, error) {
	switch {
	case off < 0:
		return 0, fmt.Errorf("got offset %d", off)
	case off >= a.Size:
		return 0, io.EOF
	case !a.Windowed || len(p) >= window:
		return a.read(p, off)
	}
	end := off + int64(len(p))
	if off < a.from || min(end, a.Size) > a.from+int64(len(a.kept)) {
		// What is at the end is looked for backwards.
		from := max(0, min(off, a.Size-window))
		kept := make([]byte, min(window, a.Size-from))
		if _, err := a.read(kept, from); err != nil {
			return 0, err
		}
		a.from, a.kept = from, kept
	}
	n := copy(p, a.kept[off-a.from:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (a *At) read(p []byte, off int64) (int, error) {
	short := int64(len(p)) > a.Size-off
	if short {
		p = p[:a.Size-off]
	}
	r, err := a.section(off, int64(len(p)))
	if err != nil {
		return 0, err
	}
	defer r.Close() // it was only read
	n, err := io.ReadFull(r, p)
	if err == nil && short {
		err = io.EOF
	}
	return n, err
}

// Seeker reads an object from its beginning on, in one request, whose rest it gives up
// where it is sent far ahead.
type Seeker struct {
	o    *Object
	at   int64
	body *reader // at at; nil before and after a jump
}

// Sequential is a Seeker of an object whose Size is known.
func (o *Object) Sequential() *Seeker { return &Seeker{o: o} }

func (s *Seeker) Read(p []byte) (int, error) {
	if s.at >= s.o.Size {
		return 0, io.EOF
	}
	if s.body == nil {
		body, err := s.o.section(s.at, s.o.Size-s.at)
		if err != nil {
			return 0, err
		}
		s.body = body
	}
	n, err := s.body.Read(p)
	s.at += int64(n)
	return n, err
}

// Seek goes ahead, and not back.
func (s *Seeker) Seek(offset int64, whence int) (int64, error) {
	to := offset
	switch whence {
	case io.SeekCurrent:
		to += s.at
	case io.SeekEnd:
		to += s.o.Size
	}
	if to < s.at {
		return s.at, fmt.Errorf("got a step back, from %d to %d", s.at, to)
	}
	if s.body != nil && to-s.at <= 4*window {
		n, err := io.CopyN(io.Discard, s.body, min(to, s.o.Size)-s.at)
		if s.at += n; err != nil {
			return s.at, err
		}
		s.at = to
		return to, nil
	}
	if to != s.at {
		s.Close()
	}
	s.at = to
	return to, nil
}

// Close ends the request.
func (s *Seeker) Close() error {
	if s.body == nil {
		return nil
	}
	err := s.body.Close()
	s.body = nil
	return err
}
