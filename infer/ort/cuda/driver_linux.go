package cuda

/*
#cgo LDFLAGS: -ldl
#include "driver_linux.h"
#include <dlfcn.h>
#include <stdlib.h>
*/
import "C"

import (
	"errors"
	"fmt"
	"unsafe"

	"github.com/flowerctl/flowerctl/infer/ort/install"
)

// noGPU is cuInit's CUDA_ERROR_NO_DEVICE.
const noGPU = 100

// driver asks NVIDIA's driver for its GPUs, "NVIDIA H100 (80 GiB)", and for the
// newest CUDA it can do, 13000 for 13.0. The driver stays loaded.
func driver() (gpus []string, cuda int, err error) {
	lib, err := open("libcuda.so.1", C.RTLD_NOW)
	if err != nil {
		return nil, 0, errors.New("libcuda.so.1 is not there")
	}
	d := (*C.struct_driver)(C.calloc(1, C.sizeof_struct_driver))
	defer C.free(unsafe.Pointer(d))
	if failed := C.flowerctl_cuda_ask(lib, d); failed != nil {
		if d.error == noGPU {
			return nil, int(d.cuda), nil
		}
		return nil, int(d.cuda), fmt.Errorf("the driver does not answer: %s, error %d",
			C.GoString(failed), int(d.error))
	}
	for i := range int(d.count) {
		gpus = append(gpus, fmt.Sprintf("%s (%d GiB)", C.GoString(&d.name[i][0]),
			(uint64(d.memory[i])+1<<29)>>30))
	}
	return gpus, int(d.cuda), nil
}

// preload loads a library under its own name, so that another library which
// needs that name finds it without LD_LIBRARY_PATH.
func preload(path string) error {
	if err := install.CheckSharedLibrary(path); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	_, err := open(path, C.RTLD_LAZY|C.RTLD_GLOBAL)
	return err
}

func open(path string, flags C.int) (unsafe.Pointer, error) {
	name := C.CString(path)
	defer C.free(unsafe.Pointer(name))
	if lib := C.dlopen(name, flags); lib != nil {
		return lib, nil
	}
	return nil, errors.New(C.GoString(C.dlerror()))
}
