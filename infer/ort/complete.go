package ort

import (
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
)

// complete says what of a shared library is missing in its file. The system maps the
// file as its headers say, and whoever touches a page beyond its end, as the
// loader does, dies of SIGBUS. Only Linux' format is looked at.
func complete(path string) error {
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
		if p.Type == elf.PT_LOAD && (p.Off > uint64(info.Size()) || p.Filesz > uint64(info.Size())-p.Off) {
			return fmt.Errorf("its end is missing: got %d bytes, want %d at least", info.Size(), p.Off+p.Filesz)
		}
	}
	return nil
}

// checkSizes compares the lengths of the installed files with those that were
// recorded, which takes no time as Verify does.
func (l Library) checkSizes() error {
	for name, want := range l.Sizes {
		path := filepath.Join(filepath.Dir(l.Path), filepath.Base(name))
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		if info.Size() != want {
			return fmt.Errorf("%s: got %d bytes, want %d as installed", path, info.Size(), want)
		}
	}
	return nil
}
