package onnx

import (
	"errors"
	"fmt"
	"io"
	"os"

	"google.golang.org/protobuf/encoding/protowire"
)

// ReadFile decodes a file. It refuses a file that is truncated or not an ONNX file
// before it reads all of it.
func ReadFile(path string) (*Model, error) {
	data, err := ReadBytes(path)
	if err != nil {
		return nil, err
	}
	m, err := Decode(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

// ReadBytes returns the content of a file whose outermost fields are those of an
// ONNX file, with the values that are in other files: see [Inline].
func ReadBytes(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	switch {
	case info.IsDir():
		return nil, fmt.Errorf("%s: a folder, want a file", path)
	case !info.Mode().IsRegular(): // opening a pipe would wait for its writer
		return nil, fmt.Errorf("%s: got a device or pipe, want a regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if err := checkOutline(f, info.Size()); err != nil {
		head := make([]byte, min(info.Size(), recognized))
		if n, _ := f.ReadAt(head, 0); n == len(head) {
			if other := Recognize(head); other != nil {
				return nil, fmt.Errorf("%s: %w", path, other)
			}
		}
		return nil, fmt.Errorf("%s: onnx: %w", path, err)
	}
	data := make([]byte, info.Size())
	if _, err := io.ReadFull(f, data); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return Inline(path, data)
}

// maxOutline limits the outermost fields: graph, metadata, functions.
const maxOutline = 20_000

// checkOutline reads the tags of the outermost fields. They must be those of a model,
// and the last one must end where the file ends.
func checkOutline(r io.ReaderAt, size int64) error {
	if size == 0 {
		return errors.New("the file is empty")
	}
	if size > MaxFileBytes {
		return fmt.Errorf("%d bytes, want at most %d", size, MaxFileBytes)
	}
	var head [20]byte // a tag and a length or number, of up to ten bytes each
	fields := 0
	for at := int64(0); at < size; fields++ {
		if fields == maxOutline {
			return fmt.Errorf("more than %d fields: not an ONNX file", maxOutline)
		}
		n, err := r.ReadAt(head[:], at)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		id, typ, k := protowire.ConsumeTag(head[:n])
		if k < 0 {
			return wireError(k)
		}
		if int(id) >= len(modelFields) || !modelFields[id].takes(typ) {
			return fmt.Errorf("field %d has wire type %d: not an ONNX file", id, typ)
		}
		switch typ {
		case protowire.VarintType, protowire.BytesType:
			v, l := protowire.ConsumeVarint(head[k:n])
			if l < 0 {
				return wireError(l)
			}
			at += int64(k + l)
			if typ == protowire.BytesType {
				if v > uint64(size-at) {
					return fmt.Errorf("truncated: field %d wants %d bytes, %d are left", id, v, size-at)
				}
				at += int64(v)
			}
		case protowire.Fixed32Type:
			at += int64(k) + 4
		case protowire.Fixed64Type:
			at += int64(k) + 8
		default:
			return fmt.Errorf("field %d has wire type %d: not an ONNX file", id, typ)
		}
		if at > size {
			return errors.New("truncated")
		}
	}
	return nil
}
