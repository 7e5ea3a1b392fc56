package ort

/*
#cgo LDFLAGS: -ldl
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

// The driver's own interface, from cuda.h: every function returns 0 or an error.
typedef int (*init_fn)(unsigned);
typedef int (*version_fn)(int *);
typedef int (*count_fn)(int *);
typedef int (*device_fn)(int *, int);
typedef int (*name_fn)(char *, int, int);
typedef int (*memory_fn)(size_t *, int);

enum { max_gpus = 16 };

struct driver {
	int cuda, count, error;
	char name[max_gpus][128];
	size_t memory[max_gpus];
};

// ask fills d; the result is the function that is missing or failed, or NULL.
static const char *ask(void *lib, struct driver *d) {
	init_fn init = (init_fn)dlsym(lib, "cuInit");
	version_fn version = (version_fn)dlsym(lib, "cuDriverGetVersion");
	count_fn count = (count_fn)dlsym(lib, "cuDeviceGetCount");
	device_fn device = (device_fn)dlsym(lib, "cuDeviceGet");
	name_fn name = (name_fn)dlsym(lib, "cuDeviceGetName");
	memory_fn memory = (memory_fn)dlsym(lib, "cuDeviceTotalMem_v2");
	if (!init || !version || !count || !device || !name || !memory)
		return "a function of libcuda.so.1 that is missing";
	if ((d->error = version(&d->cuda))) return "cuDriverGetVersion";
	if ((d->error = init(0))) return "cuInit";
	if ((d->error = count(&d->count))) return "cuDeviceGetCount";
	if (d->count > max_gpus) d->count = max_gpus;
	for (int i = 0; i < d->count; i++) {
		int handle;
		if ((d->error = device(&handle, i))) return "cuDeviceGet";
		if ((d->error = name(d->name[i], sizeof d->name[i], handle))) return "cuDeviceGetName";
		if ((d->error = memory(&d->memory[i], handle))) return "cuDeviceTotalMem";
	}
	return NULL;
}
*/
import "C"

import (
	"errors"
	"fmt"
	"unsafe"
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
	if failed := C.ask(lib, d); failed != nil {
		if d.error == noGPU {
			return nil, int(d.cuda), nil
		}
		return nil, int(d.cuda), fmt.Errorf("the driver does not answer: %s, error %d", C.GoString(failed), int(d.error))
	}
	for i := range int(d.count) {
		gpus = append(gpus, fmt.Sprintf("%s (%d GiB)", C.GoString(&d.name[i][0]), (uint64(d.memory[i])+1<<29)>>30))
	}
	return gpus, int(d.cuda), nil
}

// preload loads a library under its own name, so that another library which
// needs that name finds it without LD_LIBRARY_PATH.
func preload(path string) error {
	if err := whole(path); err != nil {
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
