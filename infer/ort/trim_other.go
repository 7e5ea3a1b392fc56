//go:build !linux || !cgo

package ort

// trim gives the system the memory back that C has freed, where C keeps it.
func trim() {}

// mapLargeBlocks makes large blocks go back to the system when C frees them, where it would
// keep them.
func mapLargeBlocks() {}
