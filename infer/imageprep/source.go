package imageprep

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
)

// Source is where the bytes of an image file come from: [Bytes], [File], [Reader] or
// [Opened]. The zero value has no bytes.
type Source struct {
	name   string
	data   []byte
	open   bool // read the file that is called name
	reader io.Reader
	opener func() (io.ReadCloser, error)
}

// Bytes is an image file in memory.
func Bytes(data []byte) Source { return Source{data: data} }

// File is the file at path. Only the beginning of a file that is not an image is
// read. Errors name the file.
func File(path string) Source { return Source{name: path, open: true} }

// Reader is the rest of r, such as the standard input. Only the beginning is
// read of what is not an image. Errors begin with name. If r is a [Sizer], room is made
// for that many bytes.
func Reader(name string, r io.Reader) Source { return Source{name: name, reader: r} }

// Opened is an image file that open opens when it is read, such as a part of an archive;
// what it opens is closed. Errors begin with name. A [Sizer] says how long it is.
func Opened(name string, open func() (io.ReadCloser, error)) Source {
	return Source{name: name, opener: open}
}

// Sizer is a reader that knows how many bytes it has, as that of a file does. What it says
// need not be true.
type Sizer interface{ Size() int64 }

// read calls use with the bytes of s, which are valid until use returns. Of a
// source that is not an image of a permitted size, only the beginning is read.
func (d *Decoder) read(s Source, use func(data []byte) error) error {
	var err error
	switch {
	case s.open:
		err = d.readPath(s.name, use)
	case s.opener != nil:
		err = d.readOpened(s.opener, use)
	case s.reader != nil:
		err = d.readAll(s.reader, use)
	default:
		return use(s.data)
	}
	if err != nil {
		return withName(s.name, err)
	}
	return nil
}

func (d *Decoder) readPath(path string, use func(data []byte) error) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.IsDir() {
		return &Error{Kind: ErrNotImage, Detail: "a folder"}
	}
	return d.readAll(f, use)
}

func (d *Decoder) readOpened(open func() (io.ReadCloser, error),
	use func(data []byte) error) error {

	r, err := open()
	if err != nil {
		return err
	}
	defer r.Close() // it was only read
	return d.readAll(r, use)
}

// readAll reads a file or a stream. A stream does not say how long it is. When it
// is longer than an ordinary file it gets room for the largest one at once, since
// a buffer that grows exists twice while it is copied; the system provides only
// the pages that are written.
func (d *Decoder) readAll(r io.Reader, use func(data []byte) error) error {
	size := int64(-1)
	if s, ok := r.(Sizer); ok {
		size = s.Size()
	}
	if f, ok := r.(*os.File); ok {
		info, err := f.Stat()
		if err != nil {
			return err
		}
		if info.Mode().IsRegular() { // the size of a pipe or a device means nothing
			size = info.Size()
		}
	}
	if size < 0 {
		head, err := io.ReadAll(io.LimitReader(r, largestPooled+1))
		if err != nil {
			return err
		}
		if size = int64(len(head)); size > largestPooled {
			size = MaxFile
		}
		r = io.MultiReader(bytes.NewReader(head), r)
	}
	if size > largestPooled {
		defer d.files.acquire(min(size, MaxFile), MaxFile)()
	}
	return d.inBuffer(r, size, use)
}

// HeadBytes is how much of a file is read first: enough to tell an image from
// anything else, and to find the size of most images.
const HeadBytes = 64 << 10

const headLen = HeadBytes

// buffers hold files of ordinary size. Reusing them saves most of the garbage
// that reading a folder of photographs would make.
var buffers = sync.Pool{New: func() any { return new(make([]byte, headLen)) }}

const largestPooled = 1 << 20 // bytes of a buffer

// inBuffer reads a file of about size bytes. It is a frame of its own, so that
// nothing refers to the buffer when its bytes go back to the budget.
//
//go:noinline
func (d *Decoder) inBuffer(r io.Reader, size int64, use func(data []byte) error) error {
	buffer := buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	data, err := d.readFile(r, size, *buffer)
	if err != nil {
		return err
	}
	if n := cap(data); cap(*buffer) < n && n <= largestPooled {
		*buffer = data[:n]
	}
	return use(data)
}

// readFile reads into buffer, which has at least headLen bytes, or into a new
// buffer if the file does not fit.
func (d *Decoder) readFile(r io.Reader, size int64, buffer []byte) ([]byte, error) {
	n, err := io.ReadFull(r, buffer[:headLen])
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	data := buffer[:n]
	f, ok := findFormat(data)
	if !ok {
		return nil, notImage(data)
	}
	if n < headLen {
		return data, nil
	}
	if _, err := d.header(f, data); errors.Is(err, ErrTooLarge) {
		return nil, err
	}
	if size > MaxFile {
		return nil, fileTooLarge()
	}
	if size > MaxFile/4 {
		size = MaxFile // one length for all large files: each fits where the last one was
	}
	if need := size + 1; need > int64(cap(data)) { // one byte more, to see the end
		data = append(make([]byte, 0, need), data...)
	}
	return readRest(r, data)
}

// readRest appends the rest of r to data, up to [MaxFile].
func readRest(r io.Reader, data []byte) ([]byte, error) {
	for {
		if len(data) > MaxFile {
			return nil, fileTooLarge()
		}
		if len(data) == cap(data) {
			data = append(data, 0)[:len(data)]
		}
		n, err := r.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		if err == io.EOF {
			return data, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

func fileTooLarge() error {
	return &Error{
		Kind:   ErrTooLarge,
		Detail: fmt.Sprintf("the file has more than %d MiB", MaxFile>>20),
	}
}

// withName puts the source's name in front of err, once.
func withName(name string, err error) error {
	var own *Error
	if errors.As(err, &own) {
		named := *own
		named.Path = name
		return &named
	}
	var pathErr *os.PathError
	if errors.As(err, &pathErr) {
		return fmt.Errorf("%s: %w", name, pathErr.Err)
	}
	return fmt.Errorf("%s: %w", name, err)
}
