// Package objects reads files of object stores as files on a disk are read: by name, such
// as s3://BUCKET/KEY, in ranges, again where a connection was cut, and only as long as
// they are what was listed. What speaks to a store is behind [Bucket], which a program
// fills in; package infer/objects/cloud does in builds with the tag cloud.
//
// It imports nothing of this module. Start at [New] and [Parse].
package objects

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// schemes are the stores: Amazon S3 and what speaks like it, Google Cloud Storage, Azure
// Blob Storage. The names are those of gocloud.dev.
var schemes = []string{"s3", "gs", "azblob"}

// Is says whether a name is one of an object, or of a bucket, and not of a file.
func Is(name string) bool {
	scheme, _, ok := strings.Cut(name, "://")
	return ok && slices.Contains(schemes, scheme)
}

// Name is the name of an object, or of a folder or pattern of them, in parts. It is
// written SCHEME://BUCKET/KEY?PARAMETERS. The key stands as it is, without escapes.
type Name struct {
	Scheme, Bucket string
	Key            string // "" means the whole bucket
	// Parameters of the bucket, as in a URL, such as endpoint=http://127.0.0.1:9000; may be
	// empty. What follows a name's last question mark is taken for them if it is empty or
	// begins with NAME=.
	Parameters string
}

// Parse takes a name apart.
func Parse(name string) (Name, error) {
	scheme, rest, _ := strings.Cut(name, "://")
	n := Name{Scheme: scheme}
	if i := strings.LastIndexByte(rest, '?'); i >= 0 && isParameters(rest[i+1:]) {
		rest, n.Parameters = rest[:i], rest[i+1:]
	}
	n.Bucket, n.Key, _ = strings.Cut(rest, "/")
	if !Is(name) || n.Bucket == "" || strings.ContainsAny(n.Bucket, "?#@%\\ \t\r\n") {
		return n, fmt.Errorf("%s: got no bucket, want %s://BUCKET/KEY", name, scheme)
	}
	if _, err := url.ParseQuery(n.Parameters); err != nil {
		return n, fmt.Errorf("%s: parameters behind the question mark: %w", name, err)
	}
	return n, nil
}

func isParameters(text string) bool {
	name, _, ok := strings.Cut(text, "=")
	return text == "" || ok && name != "" && strings.Trim(strings.ToLower(name),
		"abcdefghijklmnopqrstuvwxyz0123456789_") == ""
}

// URL is that of the bucket, with the parameters.
func (n Name) URL() string {
	if n.Parameters == "" {
		return n.Scheme + "://" + n.Bucket
	}
	return n.Scheme + "://" + n.Bucket + "?" + n.Parameters
}

// String is the name as [Parse] reads it.
func (n Name) String() string {
	text := n.Scheme + "://" + n.Bucket + "/" + n.Key
	i := strings.LastIndexByte(n.Key, '?')
	if n.Parameters != "" || i >= 0 && isParameters(n.Key[i+1:]) {
		return text + "?" + n.Parameters
	}
	return text
}

// With is the name of another key in the bucket.
func (n Name) With(key string) Name {
	n.Key = key
	return n
}

// Key is the key in a name, and any other name as it is: what the ending of a file is
// looked for in.
func Key(name string) string {
	if Is(name) {
		if n, err := Parse(name); err == nil {
			return n.Key
		}
	}
	return name
}
