package data

import (
	"errors"
	"io"
	"os"
	"strings"
	"syscall"

	"github.com/flowerctl/flowerctl/infer/imageprep"
)

// hidden reports whether a file is left out by its name: dot files, and files that
// Windows, macOS and file servers write.
func hidden(name string) bool {
	switch strings.ToLower(name) {
	case "thumbs.db", "desktop.ini", "__macosx", "@eadir", "#recycle", "$recycle.bin",
		"system volume information", "lost+found":
		return true
	}
	return strings.HasPrefix(name, ".")
}

// magics are the first bytes of the formats that imageprep reads; '?' is any byte.
var magics = []string{
	"\xff\xd8\xff", "\x89PNG\r\n\x1a\n", "GIF8", "RIFF????WEBP", "BM", "II*\x00", "MM\x00*",
}

// sniff reports whether the file starts like an image. The error of one that is not read
// has what converts it.
func sniff(name string) (bool, error) {
	info, err := os.Stat(name)
	if err != nil {
		return false, reason(err)
	}
	if !info.Mode().IsRegular() { // opening a pipe could wait for ever
		return false, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return false, reason(err)
	}
	defer f.Close()
	var buf [512]byte
	n, err := io.ReadFull(f, buf[:])
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return false, reason(err)
	}
	return sniffHead(buf[:n])
}

// sniffHead is sniff of a file's first bytes.
func sniffHead(head []byte) (bool, error) {
	for _, m := range magics {
		if matches(head, m) {
			return true, nil
		}
	}
	return false, imageprep.Unread(head)
}

func matches(b []byte, magic string) bool {
	if len(b) < len(magic) {
		return false
	}
	for i := range len(magic) {
		if magic[i] != '?' && magic[i] != b[i] {
			return false
		}
	}
	return true
}

// reason is the error without the path, which the problem names already.
func reason(err error) error {
	var image *imageprep.Error
	if errors.As(err, &image) {
		return &imageprep.Error{Kind: image.Kind, Detail: image.Detail}
	}
	var system syscall.Errno
	if errors.As(err, &system) {
		return system
	}
	return err
}
