package torchfile

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"io"
	"strings"
)

// Numbers at the start of the older format: torch/serialization.py, MAGIC_NUMBER
// and PROTOCOL_VERSION.
const (
	legacyMagic    = long("\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19")
	legacyProtocol = integer(1001)
)

// readLegacy reads the format of PyTorch before 1.6: pickles of the magic number,
// the protocol, the machine, the object and the keys of its storages; then, for
// each key, its length and its values.
func readLegacy(data []byte) (root value, memory map[string]part, err error) {
	var heads [5]value
	for i := range heads {
		if heads[i], data, err = unpickle(data); err != nil {
			return nil, nil, err
		}
		if i == 0 && heads[0] != legacyMagic {
			return nil, nil, malformed("no file of PyTorch's")
		}
	}
	if heads[1] != legacyProtocol {
		return nil, nil, malformed("a protocol other than %d", int64(legacyProtocol))
	}
	if machine, ok := heads[2].(*dict); !ok || machine.values["little_endian"] != boolean(true) {
		return nil, nil, malformed("not little-endian")
	}
	keys, ok := heads[4].(*list)
	if !ok {
		return nil, nil, malformed("%s, want the keys of the storages", kindOf(heads[4]))
	}
	elems := elemsOf(heads[3])
	memory = make(map[string]part, len(elems))
	for _, k := range keys.items {
		key, ok := k.(text)
		e, used := elems[string(key)]
		if !ok || !used || len(data) < 8 {
			return nil, nil, malformed("a storage of no tensor, or cut short")
		}
		n := binary.LittleEndian.Uint64(data)
		data = data[8:]
		width := uint64(widths[e])
		if n > uint64(len(data))/width {
			return nil, nil, malformed("storage %s has %d values of %d bytes, and the file %d bytes more",
				key, n, width, len(data))
		}
		memory[string(key)] = part{e, data[:n*width]}
		data = data[n*width:]
	}
	return heads[3], memory, nil
}

// elemsOf are the types of the storages that the tensors of a dict use, by key.
func elemsOf(root value) map[string]elem {
	out := map[string]elem{}
	if d, ok := root.(*dict); ok {
		for _, v := range d.values {
			if t, ok := v.(*tensor); ok {
				out[t.of.key] = t.of.elem
			}
		}
	}
	return out
}

// readZip reads the format of PyTorch since 1.6: NAME/data.pkl is the object,
// NAME/data/KEY the values of a storage.
func readZip(data []byte) (root value, memory map[string]part, err error) {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, nil, malformed("%v", err)
	}
	left := uint64(len(data))
	var pickle *zip.File
	folder := ""
	for _, f := range z.File {
		if name, ok := strings.CutSuffix(f.Name, "data.pkl"); ok && pickle == nil {
			pickle, folder = f, name
		}
	}
	if pickle == nil {
		return nil, nil, malformed("no data.pkl in the zip")
	}
	code, err := member(pickle, min(left, maxPickle))
	if err != nil {
		return nil, nil, err
	}
	if root, _, err = unpickle(code); err != nil {
		return nil, nil, err
	}
	elems := elemsOf(root)
	memory = make(map[string]part, len(elems))
	for _, f := range z.File {
		if f.Name == folder+"byteorder" {
			order, err := member(f, 16)
			if err != nil || string(order) != "little" {
				return nil, nil, malformed("not little-endian")
			}
		}
		key, inside := strings.CutPrefix(f.Name, folder+"data/")
		e, used := elems[key]
		if !inside || !used {
			continue
		}
		content, err := member(f, left)
		if err != nil {
			return nil, nil, err
		}
		left -= uint64(len(content))
		memory[key] = part{e, content}
	}
	return root, memory, nil
}

// member is the content of a file in a zip, of most bytes at most.
func member(f *zip.File, most uint64) ([]byte, error) {
	if f.Method != zip.Store { // what PyTorch never does
		return nil, malformed("%s is compressed", f.Name)
	}
	if f.UncompressedSize64 > most {
		return nil, malformed("%s has %d bytes, want at most %d", f.Name, f.UncompressedSize64, most)
	}
	r, err := f.Open()
	if err != nil {
		return nil, malformed("%s: %v", f.Name, err)
	}
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(r, int64(most)+1))
	if err != nil {
		return nil, malformed("%s is damaged: %v", f.Name, err)
	}
	return data, nil
}
