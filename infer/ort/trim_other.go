//go:build !linux || !cgo

package ort

// trim gives the system the memory back that C has freed, where C keeps it.
func trim() {}
