//go:build !unix

package onnx

import "io/fs"

// hardLinks is the number of names that a file has, as far as is known.
func hardLinks(fs.FileInfo) uint64 { return 1 }
