// The GPUs that NVIDIA's driver has.

#ifndef FLOWERCTL_CUDA_DRIVER_LINUX_H
#define FLOWERCTL_CUDA_DRIVER_LINUX_H

#include <stddef.h>

enum { max_gpus = 16 };

struct driver {
	int cuda, count, error;
	char name[max_gpus][128];
	size_t memory[max_gpus];
};

// flowerctl_cuda_ask fills d from lib, a handle of libcuda.so.1. It returns the
// name of the function that is missing or failed, or NULL.
const char *flowerctl_cuda_ask(void *lib, struct driver *d);

#endif
