package install

import (
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
)

// CheckSharedLibrary returns an error if the file is no shared library, or a part of
// it is missing. The system maps the file as its headers say, and who touches a page
// beyond its end, as the loader does, dies of SIGBUS. It knows only the format of
// Linux, and elsewhere returns nil.
func CheckSharedLibrary(path string) error {
	if runtime.GOOS != "linux" {
		return nil
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	f, err := elf.NewFile(file) // it reads the table of sections, which is at the end
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("its end is missing")
	}
	var format *elf.FormatError
	if errors.As(err, &format) {
		return errors.New("its header is not a shared library's")
	}
	if err != nil {
		return err
	}
	for _, p := range f.Progs {
		size := uint64(info.Size())
		if p.Type == elf.PT_LOAD && (p.Off > size || p.Filesz > size-p.Off) {
			return fmt.Errorf("its end is missing: got %d bytes, want %d at least", size, p.Off+p.Filesz)
		}
	}
	return nil
}
