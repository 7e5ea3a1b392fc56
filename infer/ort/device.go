package ort

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/flowerctl/flowerctl/infer/ort/install"
)

// Device is where a model runs. The zero value is the CPU.
type Device struct {
	CUDA  bool
	Index int // of the GPU
}

// ParseDevice reads cpu, cuda or cuda:N.
func ParseDevice(s string) (Device, error) {
	switch name, index, indexed := strings.Cut(s, ":"); {
	case s == "cpu":
		return Device{}, nil
	case s == "cuda":
		return Device{CUDA: true}, nil
	case name == "cuda" && indexed:
		if n, err := strconv.ParseUint(index, 10, 8); err == nil {
			return Device{CUDA: true, Index: int(n)}, nil
		}
	}
	return Device{}, fmt.Errorf("no such device %q, want cpu, cuda or cuda:N", s)
}

// String is the device as ParseDevice reads it.
func (d Device) String() string {
	if !d.CUDA {
		return "cpu"
	}
	return "cuda:" + strconv.Itoa(d.Index)
}

// Provider is onnxruntime's name of what computes on the device.
func (d Device) Provider() string {
	if d.CUDA {
		return "CUDAExecutionProvider"
	}
	return "CPUExecutionProvider"
}

// Build is the library that the device needs.
func (d Device) Build() install.Build {
	if d.CUDA {
		return install.BuildCUDA
	}
	return install.BuildCPU
}
