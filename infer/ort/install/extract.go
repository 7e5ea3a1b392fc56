package install

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// maxLibrary is more than any of onnxruntime's libraries has, bytes.
const maxLibrary = 1 << 30

// extract writes the members of a .tgz, .zip or .whl into dir. Only regular
// files that the list names are written, under the names that the list gives
// them: nothing in the archive decides where a file goes.
func extract(archive, dir string, members []member) error {
	var found int
	visit := func(name string, r io.Reader) error {
		m := match(name, members)
		if m == nil {
			return nil
		}
		found++
		return writeLibrary(filepath.Join(dir, m.name), r)
	}
	var err error
	if strings.HasSuffix(archive, ".tgz") {
		err = eachTar(archive, visit)
	} else {
		err = eachZip(archive, visit)
	}
	if err == nil && found != len(members) {
		err = fmt.Errorf("got %d of the %d libraries looked for (%s)", found, len(members),
			members[0].path)
	}
	return err
}

// match finds the member that an archive's entry is; the folder that archives
// put around everything does not count.
func match(name string, members []member) *member {
	_, inner, _ := strings.Cut(name, "/")
	for i, m := range members {
		if name == m.path || inner == m.path {
			return &members[i]
		}
	}
	return nil
}

func eachTar(archive string, visit func(string, io.Reader) error) error {
	f, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer f.Close()
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	for r := tar.NewReader(unzipped); ; {
		header, err := r.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if header.Typeflag == tar.TypeReg {
			if err := visit(header.Name, r); err != nil {
				return err
			}
		}
	}
}

func eachZip(archive string, visit func(string, io.Reader) error) error {
	r, err := zip.OpenReader(archive)
	if err != nil {
		return err
	}
	defer r.Close()
	for _, entry := range r.File {
		if !entry.Mode().IsRegular() {
			continue
		}
		body, err := entry.Open()
		if err != nil {
			return err
		}
		err = errors.Join(visit(entry.Name, body), body.Close())
		if err != nil {
			return err
		}
	}
	return nil
}

// writeLibrary copies a library to a file that did not exist, and flushes it to
// the disk, since a rename will make it count.
func writeLibrary(path string, r io.Reader) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o755)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	n, err := io.Copy(f, io.LimitReader(r, maxLibrary+1))
	if err != nil {
		return err
	}
	if n > maxLibrary {
		return fmt.Errorf("%s: more than %d bytes", filepath.Base(path), maxLibrary)
	}
	return f.Sync()
}
