package shard

import (
	"encoding/json"
	"fmt"
	"unicode/utf8"
)

// Version is the version of manifests and of folders of shards.
const Version = 1

// Entry is a picture of a manifest.
type Entry struct {
	// File is the file or object to read, as it was named: a relative one is from the working
	// directory, of the shards too.
	File   string `json:"file"`
	Name   []byte `json:"name,omitempty"` // File in base64, where it is not UTF-8
	Size   int64  `json:"size"`           // bytes
	SHA256 string `json:"sha256,omitempty"`
	ETag   string `json:"etag,omitempty"` // of an object, in place of a hash; see objects.Info
	// Table is the file that the picture is in a row of, a Parquet file: File is what it is
	// called. The row counts from 0.
	Table  string `json:"table,omitempty"`
	Column string `json:"column,omitempty"`
	Row    int64  `json:"row,omitempty"`
	Path   string `json:"path,omitempty"`  // what an evaluation calls it, if not File
	Class  string `json:"class,omitempty"` // what it shows, for an evaluation
	// Error is why the file could not be read when it was listed.
	Error string `json:"error,omitempty"`
}

// ManifestStart is what every manifest begins with, of whatever version.
const ManifestStart = `{"flowerctl_manifest":`

// header is a manifest's first line.
type header struct {
	Version int      `json:"flowerctl_manifest"`
	Classes []string `json:"classes,omitempty"`
}

// Summary is a manifest's last line.
type Summary struct {
	Pictures int64  `json:"pictures"`
	Bytes    int64  `json:"bytes"`  // of the pictures
	SHA256   string `json:"sha256"` // of all lines before this one: the manifest's identity
}

// Encode is the entry as a line of a manifest.
func (e Entry) Encode() ([]byte, error) { return encode(e.line()) }

func (e Entry) line() Entry {
	if !utf8.ValidString(e.File) {
		e.Name = []byte(e.File)
	}
	return e
}

// DecodeEntry reads a line of a manifest.
func DecodeEntry(line []byte) (e Entry, err error) {
	if err := json.Unmarshal(line, &e); err != nil {
		return e, err
	}
	if e.Name != nil {
		e.File, e.Name = string(e.Name), nil
	}
	if e.File == "" {
		return e, fmt.Errorf("%.80q names no file", line)
	}
	return e, nil
}

// called is what results call the picture of an evaluation.
func (e Entry) called() string {
	if e.Path != "" {
		return e.Path
	}
	return e.File
}
