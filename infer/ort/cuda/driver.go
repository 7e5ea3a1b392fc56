package cuda

import (
	"fmt"
	"os"
	"regexp"
	"strings"
)

// driverPart asks the driver for its GPUs.
func driverPart() Part {
	part := Part{Name: "NVIDIA driver"}
	gpus, cuda, err := driver()
	switch {
	case err != nil:
		part.Problem = err.Error()
		part.Words = "install NVIDIA's driver, 580 or newer"
	case len(gpus) == 0:
		part.Problem = "the driver sees no GPU"
		part.Words = "nvidia-smi says more; in a container, pass the GPU in (docker run --gpus all)"
	case cuda/1000 < cudaVersion:
		part.Problem = fmt.Sprintf("the driver is for CUDA %d.%d, want %d", cuda/1000, cuda%1000/10,
			cudaVersion)
		part.Words = "install NVIDIA's driver 580 or newer"
	default:
		part.Found = fmt.Sprintf("CUDA %d.%d%s: ", cuda/1000, cuda%1000/10, kernelDriver()) +
			strings.Join(gpus, ", ")
	}
	return part
}

var driverVersion = regexp.MustCompile(`(?m)^NVRM version:.*?  (\d+\.[\d.]+)`)

// kernelDriver is ", driver 580.65.06", where the system says so.
func kernelDriver() string {
	data, err := os.ReadFile("/proc/driver/nvidia/version")
	if err != nil {
		return ""
	}
	m := driverVersion.FindSubmatch(data)
	if m == nil {
		return ""
	}
	return ", driver " + string(m[1])
}
