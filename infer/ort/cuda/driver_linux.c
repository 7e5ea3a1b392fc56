//go:build cgo

#include "driver_linux.h"

#include <dlfcn.h>

// The driver's own interface, from cuda.h: every function returns 0 or an error.
typedef int (*init_fn)(unsigned);
typedef int (*version_fn)(int *);
typedef int (*count_fn)(int *);
typedef int (*device_fn)(int *, int);
typedef int (*name_fn)(char *, int, int);
typedef int (*memory_fn)(size_t *, int);

const char *flowerctl_cuda_ask(void *lib, struct driver *d) {
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
