// Package signed writes and checks the signature of a model: who has the public key
// knows that the file, its report and its card are those that the key's owner signed.
// Start at [Sign] and [Check].
//
// # The file
//
// The signature of model.onnx is model.onnx.sig, a JSON object:
//
//	manifest   the manifest's bytes, in base64
//	signature  Ed25519 (RFC 8032) of these bytes, in base64
//	key        SHA-256 of the public key as SubjectPublicKeyInfo, in hex
//
// The manifest is JSON too: a format, and the names and SHA-256 of the files, the model
// first. The labels and the other metadata are in the model's bytes. Where its weights are
// in other files, its SHA-256 is that of the file with these in it (see onnx.Inline), so
// that they are covered too. openssl checks a signature as well:
//
//	jq -r .manifest model.onnx.sig | base64 -d > manifest
//	jq -r .signature model.onnx.sig | base64 -d > signature
//	openssl pkeyutl -verify -rawin -pubin -inkey key.pub.pem -in manifest -sigfile signature
package signed

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/foreign"
	"github.com/flowerctl/flowerctl/train/atomicfile"
)

// format is what the manifest calls itself: a signature over it is for nothing else.
const format = "flowerctl manifest 1"

// Suffixes of the files that belong to a model, after its name: the reports of flowerctl
// verify and the cards of flowerctl export.
var Suffixes = []string{".verify.json", ".verify.md", ".card.md", ".cdx.json"}

// Entry is a signed file.
type Entry struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"` // in hex
}

// Manifest is what is signed.
type Manifest struct {
	Format string  `json:"format"`
	Files  []Entry `json:"files"` // the model is the first
}

type signature struct {
	Manifest  []byte `json:"manifest"`
	Signature []byte `json:"signature"`
	Key       string `json:"key"`
}

// String names the files.
func (m *Manifest) String() string {
	names := make([]string, len(m.Files))
	for i, e := range m.Files {
		names[i] = e.Name
	}
	return strings.Join(names, ", ")
}

// ErrNotSigned means that a model is not the one that was signed, or that nobody has
// signed it.
var ErrNotSigned = errors.New("not as signed")

// Path is the file of a model's signature.
func Path(model string) string { return model + ".sig" }

// Sign writes the signature of the model at path, whose bytes are file, with what
// belongs to it and is there: its reports and cards, and the files beside it that
// classes and preprocessing may be read from.
func Sign(path string, file []byte, key ed25519.PrivateKey) (*Manifest, error) {
	m := &Manifest{Format: format, Files: []Entry{{filepath.Base(path), digest(file)}}}
	beside := infer.Beside(path)
	for _, name := range Names(path) {
		data, err := beside(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		m.Files = append(m.Files, Entry{name, digest(data)})
	}
	text, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	id, err := KeyID(key.Public().(ed25519.PublicKey))
	if err != nil {
		return nil, err
	}
	s, err := json.MarshalIndent(signature{text, ed25519.Sign(key, text), id}, "", "  ")
	if err != nil {
		return nil, err
	}
	return m, atomicfile.WriteBytes(Path(path), append(s, '\n'))
}

// Names are the files that may belong to a model and be signed with it, in its folder.
func Names(path string) (list []string) {
	for _, suffix := range Suffixes {
		list = append(list, filepath.Base(path)+suffix)
	}
	return append(list, foreign.FileNames()...)
}

// Check compares a model, whose bytes are file, and what belongs to it with its
// signature. What has changed, is missing, or was added since is an error that is
// [ErrNotSigned].
func Check(path string, file []byte, key ed25519.PublicKey) (*Manifest, error) {
	m, err := open(path, key)
	if err != nil {
		return nil, err
	}
	fail := func(format string, args ...any) (*Manifest, error) {
		return nil, fmt.Errorf("%s: %w: %s", path, ErrNotSigned, fmt.Sprintf(format, args...))
	}
	of := map[string]string{}
	for _, e := range m.Files {
		of[e.Name] = e.SHA256
	}
	base := filepath.Base(path)
	switch {
	case m.Format != format:
		return fail("%s has a manifest of format %q, want %q", Path(base), m.Format, format)
	case of[base] == "":
		return fail("%s is the signature of another file", Path(base))
	case of[base] != digest(file):
		return fail("%s has changed (its SHA-256 is another)", base)
	}
	delete(of, base)
	beside := infer.Beside(path)
	for _, name := range Names(path) {
		want, listed := of[name]
		delete(of, name)
		data, err := beside(name)
		switch missing := errors.Is(err, fs.ErrNotExist); {
		case missing && listed:
			return fail("%s is missing", name)
		case missing:
		case !listed:
			return fail("%s is beside it and was not signed", name)
		case err != nil:
			return fail("%v", err)
		case digest(data) != want:
			return fail("%s has changed (its SHA-256 is another)", name)
		}
	}
	for name := range of {
		return fail("%q was signed with it, which is no file that belongs to a model", name)
	}
	return m, nil
}

// open reads the manifest of a model, and checks that the key signed it.
func open(path string, key ed25519.PublicKey) (*Manifest, error) {
	name := Path(filepath.Base(path))
	fail := func(format string, args ...any) (*Manifest, error) {
		return nil, fmt.Errorf("%s: %w: %s", path, ErrNotSigned, fmt.Sprintf(format, args...))
	}
	text, err := infer.Beside(path)(name)
	if errors.Is(err, fs.ErrNotExist) {
		return fail("there is no %s", Path(path))
	}
	if err != nil {
		return nil, err
	}
	var s signature
	if err := json.Unmarshal(text, &s); err != nil {
		return fail("%s cannot be read: %v", name, err)
	}
	id, err := KeyID(key)
	if err != nil {
		return nil, err
	}
	if !ed25519.Verify(key, s.Manifest, s.Signature) {
		if s.Key != id {
			return fail("%s is by another key: its SHA-256 is %.16q, want %.16q", name, s.Key, id)
		}
		return fail("%s is damaged: the signature is not that of the manifest", name)
	}
	m := new(Manifest)
	strict := json.NewDecoder(bytes.NewReader(s.Manifest))
	strict.DisallowUnknownFields()
	if err := strict.Decode(m); err != nil {
		return fail("%s: its manifest cannot be read: %v", name, err)
	}
	return m, nil
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
