//go:build !linux || !cgo

package cuda

import "errors"

var errLinuxOnly = errors.New("CUDA is used on Linux only")

func driver() (gpus []string, cuda int, err error) { return nil, 0, errLinuxOnly }

func preload(string) error { return errLinuxOnly }
