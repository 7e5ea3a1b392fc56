// Package archive lists the files in tar and zip archives, and opens them where they lie:
// nothing is unpacked. It imports nothing of this module. Start at [List].
package archive

import (
	"archive/tar"
	"archive/zip"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/flowerctl/flowerctl/train/table"
)

// Member is a file in an archive.
type Member struct {
	Archive string // its file
	Name    string // in it, with slashes; inside the archive, whatever that says
	Size    int64  // bytes, as the archive says

	offset, packed int64
	deflated       bool
	in             Section   // nil means the file Archive
	zipped         *zip.File // has the offset, where that is not looked for yet
	whole          int64     // bytes of the archive, where zipped is set
}

// Section opens a part of an archive that is no file here.
type Section func(offset, length int64) (io.ReadCloser, error)

// Visitor hears what is in an archive.
type Visitor struct {
	// File is called for each file; r has its bytes until File returns.
	File func(m Member, r io.Reader) error
	// LeftOut is called for each thing that is no plain file with a good name.
	LeftOut func(name, reason string)
}

// Is says whether a file is taken for an archive, by its name.
func Is(name string) bool {
	name = strings.ToLower(name)
	return strings.HasSuffix(name, ".tar") || strings.HasSuffix(name, ".zip")
}

// compressed are the endings of tar archives in which nothing can be found without
// reading all before it.
var compressed = []string{".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar.zst"}

// Compressed says whether a file is named like a compressed tar.
func Compressed(name string) bool {
	for _, ending := range compressed {
		if strings.HasSuffix(strings.ToLower(name), ending) {
			return true
		}
	}
	return false
}

// ErrCompressed means that an archive is a compressed tar.
var ErrCompressed = errors.New("a compressed tar, in which no picture can be found without " +
	"reading all before it: unpack it to a .tar (gunzip), which is hardly larger")

// List calls the functions of v for what is in an archive, in its order. Folders are passed
// over. Where the archive is damaged or ends early, the files before that were visited, and
// the error says so.
func List(file string, v Visitor) error {
	if Compressed(file) {
		return ErrCompressed
	}
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close() // it was only read
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return errors.New("not a regular file")
	}
	if Zip(file) {
		return listZip(file, f, info.Size(), v, nil)
	}
	return listTar(file, f, info.Size(), v, nil)
}

// Zip says whether an archive is taken for a zip, by its name.
func Zip(name string) bool { return strings.HasSuffix(strings.ToLower(name), ".zip") }

// ListTar is List for a tar of that many bytes which is no file here. Where f is sent ahead,
// it skips over a file; its name is for the members and errors.
func ListTar(name string, f io.ReadSeeker, size int64, in Section, v Visitor) error {
	return listTar(name, f, size, v, in)
}

// ListZip is List for a zip which is no file here. The directory alone is read: v.File gets
// no reader, and where a member lies is looked for when it is opened, in several goroutines.
func ListZip(name string, f io.ReaderAt, size int64, in Section, v Visitor) error {
	return listZip(name, f, size, v, in)
}

// listTar reads the headers of a tar and skips over what is between.
func listTar(file string, f io.ReadSeeker, size int64, v Visitor, in Section) error {
	r := tar.NewReader(f)
	for n := 0; ; n++ {
		h, err := r.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil && !errors.Is(err, tar.ErrInsecurePath) { // which visit looks at
			return broken(err, n)
		}
		at, err := f.Seek(0, io.SeekCurrent)
		if err != nil {
			return err
		}
		m := Member{Archive: file, Name: h.Name, Size: h.Size, offset: at, packed: h.Size, in: in}
		reason := ""
		switch {
		case h.Typeflag == tar.TypeDir || h.Typeflag == tar.TypeXGlobalHeader:
			continue
		case h.Typeflag == tar.TypeSymlink || h.Typeflag == tar.TypeLink:
			reason = "a link"
		case h.Typeflag == tar.TypeGNUSparse || sparse(h):
			reason = "a sparse file"
		case h.Typeflag != tar.TypeReg:
			reason = "neither a file nor a folder"
		case h.Size > size-at:
			return broken(io.ErrUnexpectedEOF, n)
		}
		if err := v.visit(m, r, reason); err != nil {
			return err
		}
	}
}

// sparse says whether the bytes of a file do not lie in the archive as they are.
func sparse(h *tar.Header) bool {
	for key := range h.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse.") {
			return true
		}
	}
	return false
}

// broken is the error of an archive that cannot be read after n of its parts.
func broken(err error, n int) error {
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF) && n == 0:
		return errors.New("not a tar archive, or cut short in its first entry")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("cut short after %s: copy or download it again", table.Count(n, "entry"))
	case n == 0:
		return fmt.Errorf("not a tar archive (%w)", err)
	}
	return fmt.Errorf("damaged after %s (%w)", table.Count(n, "entry"), err)
}

// listZip reads the directory of a zip.
func listZip(file string, f io.ReaderAt, size int64, v Visitor, in Section) error {
	z, err := zip.NewReader(f, size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return fmt.Errorf("not a zip archive, or cut short (%w)", err)
	}
	for _, entry := range z.File {
		// Programs of Windows have written names with backslashes, those of folders at the end.
		name := strings.ReplaceAll(entry.Name, `\`, "/")
		if name != entry.Name && strings.HasSuffix(name, "/") {
			continue
		}
		m := Member{Archive: file, Name: name, Size: int64(entry.UncompressedSize64),
			packed: int64(entry.CompressedSize64), deflated: entry.Method == zip.Deflate, in: in}
		reason := ""
		switch mode := entry.Mode(); {
		case mode.IsDir():
			continue
		case mode&fs.ModeSymlink != 0:
			reason = "a link"
		case !mode.IsRegular():
			reason = "neither a file nor a folder"
		case entry.Flags&1 != 0:
			reason = "encrypted"
		case entry.Method != zip.Store && entry.Method != zip.Deflate:
			reason = fmt.Sprintf("compressed by method %d, which is not read", entry.Method)
		}
		if reason == "" && in != nil {
			m.zipped, m.whole = entry, size
		} else if reason == "" {
			if m.offset, err = entry.DataOffset(); err != nil || m.outside(size) {
				reason = "not inside the archive"
			}
		}
		if err := v.visit(m, nil, reason); err != nil {
			return err
		}
	}
	return nil
}

// outside says whether a file would end behind the archive.
func (m Member) outside(size int64) bool { return m.packed < 0 || m.packed > size-m.offset }

// visit tells of a file, or why it is left out. r has its bytes; where it is nil they are
// opened.
func (v *Visitor) visit(m Member, r io.Reader, reason string) (err error) {
	clean := path.Clean(m.Name)
	if reason == "" && (!fs.ValidPath(clean) || clean == "." || strings.Contains(clean, `\`)) {
		reason = "a name that leaves the archive"
	}
	if reason != "" {
		if v.LeftOut != nil {
			v.LeftOut(m.Name, reason+", left out")
		}
		return nil
	}
	if m.Name = clean; r == nil && m.zipped == nil {
		opened, err := m.Open()
		if err != nil {
			return err
		}
		defer opened.Close() // it was only read
		r = opened
	}
	return v.File(m, r)
}

// Open opens a file of an archive. The reader has a method Size, and gives no more bytes
// than that says.
func (m Member) Open() (io.ReadCloser, error) {
	in := m.in
	if in == nil {
		in = m.section
	}
	if m.zipped != nil {
		var err error
		if m.offset, err = m.zipped.DataOffset(); err == nil && m.outside(m.whole) {
			err = zip.ErrFormat
		}
		if err != nil {
			return nil, err
		}
	}
	packed, err := in(m.offset, m.packed)
	if err != nil {
		return nil, err
	}
	opened := &reader{Reader: packed, packed: packed, size: m.Size}
	if m.deflated {
		opened.Reader = io.LimitReader(flate.NewReader(packed), m.Size)
	}
	return opened, nil
}

// section opens a part of an archive that is a file.
func (m Member) section(offset, length int64) (io.ReadCloser, error) {
	f, err := os.Open(m.Archive)
	if err != nil {
		return nil, err
	}
	return struct {
		io.Reader
		io.Closer
	}{io.NewSectionReader(f, offset, length), f}, nil
}

type reader struct {
	io.Reader
	packed io.Closer
	size   int64
}

// Size is how many bytes the archive says that the file has.
func (r *reader) Size() int64 { return r.size }

// Close closes the archive.
func (r *reader) Close() error { return r.packed.Close() }

// Key tells a file from others of its archive, as long as that does not change.
func (m Member) Key() string { return fmt.Sprintf("%d %d %s", m.offset, m.packed, m.Name) }

// Reader opens a file when it is read, and closes it at its end.
func Reader(open func() (io.ReadCloser, error)) io.Reader { return &lazy{open: open} }

type lazy struct {
	open func() (io.ReadCloser, error)
	file io.ReadCloser
	err  error // for good
}

func (r *lazy) Read(p []byte) (n int, err error) {
	if r.file == nil && r.err == nil {
		r.file, r.err = r.open()
	}
	if r.err != nil {
		return 0, r.err
	}
	if n, err = r.file.Read(p); err != nil {
		r.err = err
		r.file.Close() // it was only read
	}
	return n, err
}
