// Package device loads the onnxruntime that a command needs for the device that
// --device names, and installs it first where it is not there. Start at [Need].
package device

import (
	"errors"
	"fmt"

	"github.com/flowerctl/flowerctl/cmd/internal/remedy"
	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/infer/ort"
	"github.com/flowerctl/flowerctl/infer/ort/cuda"
	"github.com/flowerctl/flowerctl/infer/ort/install"
)

// Auto is the --device that takes a GPU where one can be used.
const Auto = "auto"

// Need is the device of that name, with the onnxruntime loaded that it needs.
func Need(c *shell.Call, name string) (ort.Device, error) {
	if name == Auto {
		return auto(c)
	}
	device, err := ort.ParseDevice(name)
	if err != nil {
		return device, shell.FailWith(shell.ExitUsage, fmt.Errorf("--device: %w", err))
	}
	if !device.CUDA {
		_, err = NeedRuntime(c, install.BuildCPU)
		return device, err
	}
	return device, needCUDA(device)
}

// auto takes the GPU where everything it needs is there, else the CPU, and
// says why.
func auto(c *shell.Call) (ort.Device, error) {
	library, _ := install.Find(install.BuildCUDA) // what is wrong with it shows among the parts
	missing := cuda.Missing(cuda.Parts(library))
	if len(missing) == 0 {
		device := ort.Device{CUDA: true}
		c.Say("device: %s, since all it needs is there", device)
		return device, needCUDA(device)
	}
	c.Say("device: cpu, since for CUDA there is no %s (%s)", missing[0].Name, missing[0].Problem)
	_, err := NeedRuntime(c, install.BuildCPU)
	return ort.Device{}, err
}

// needCUDA loads the onnxruntime with CUDA, when all that it needs is there. It is
// not installed unasked: it is large, and useless without the rest.
func needCUDA(device ort.Device) error {
	library, err := install.Find(install.BuildCUDA)
	if err != nil && !errors.Is(err, install.ErrNotInstalled) {
		return shell.Fail(err, remedy.Runtime(err, install.BuildCUDA))
	}
	if missing := cuda.Missing(cuda.Parts(library)); len(missing) > 0 {
		return &ort.DeviceError{Device: device, Missing: missing}
	}
	_, err = loadRuntime(library)
	return err
}
