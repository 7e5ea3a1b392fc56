package atomicfile

import (
	"errors"
	"io"
	"os"
)

// AppendLine adds a line to the end of the file at path, which it makes where there is
// none. line has no line break. When the disk fails the file is as it was; what a killed
// process left of its line stays a line of its own. A file has one writer at a time.
func AppendLine(path string, line []byte) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o666)
	if err != nil {
		return full(err, path)
	}
	return full(errors.Join(addLine(f, line), f.Close()), path)
}

// addLine adds a line to f, or nothing.
func addLine(f *os.File, line []byte) error {
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	text := append(line[:len(line):len(line)], '\n')
	if size > 0 {
		var last [1]byte
		if _, err := f.ReadAt(last[:], size-1); err != nil {
			return err
		}
		if last[0] != '\n' {
			text = append([]byte{'\n'}, text...)
		}
	}
	if _, err = f.Write(text); err != nil {
		err = errors.Join(err, f.Truncate(size))
	}
	return err
}
