package imageprep

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// PrepareReader is [Config.Prepare] of what r holds, such as the standard input;
// its errors call it by that name. Like a file, it is read only as far as it is an
// image of a permitted size, and waits while too many large ones are being read.
func (c Config) PrepareReader(name string, r io.Reader) (img Image, err error) {
	if err := c.Validate(); err != nil {
		return Image{}, err
	}
	err = withNamed(name, r, func(data []byte) error {
		img, err = c.Prepare(data)
		return err
	})
	return img, err
}

// ViewReader is [ViewFile] of what r holds; errors call it by that name.
func ViewReader(name string, r io.Reader, use func(data []byte, img Image) error) error {
	return withNamed(name, r, func(data []byte) error {
		return View(data, func(img Image) error { return use(data, img) })
	})
}

// withNamed is withReader with errors that have a name.
func withNamed(name string, r io.Reader, use func(data []byte) error) error {
	size := int64(-1)
	if f, ok := r.(*os.File); ok {
		info, err := f.Stat()
		if err != nil {
			return nameFile(name, err)
		}
		size = sizeOf(info)
	}
	if err := withReader(r, size, use); err != nil {
		return nameFile(name, err)
	}
	return nil
}

// sizeOf is a file's size, -1 where only reading tells: of a pipe or a device.
func sizeOf(info os.FileInfo) int64 {
	if !info.Mode().IsRegular() {
		return -1
	}
	return info.Size()
}

// withReader is withFile's way to read: about size bytes, or, if that is negative,
// as many as there are. What turns out to be more than an ordinary file then gets
// room for the largest one at once, since a buffer that grows is there twice while
// it does; the system provides only as much of it as is written.
func withReader(r io.Reader, size int64, use func(data []byte) error) error {
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
		defer largeFiles.acquire(min(size, MaxFile))()
	}
	return inBuffer(r, size, use)
}

// ImageName reports whether the name has the ending of an image's: then its file
// was meant as one, whatever is in it.
func ImageName(name string) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".webp", ".bmp", ".tif", ".tiff":
		return true
	}
	return false
}
