package ort

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	ort "github.com/yalue/onnxruntime_go"
)

// DeviceError says that a device is not there or cannot run the model.
type DeviceError struct {
	Device  Device
	Missing []Part // what is missing, where that is known
	Err     error  // what onnxruntime said, where it was asked
}

func (e *DeviceError) Error() string {
	var why []string
	for _, p := range e.Missing {
		why = append(why, p.Name+": "+p.Problem)
	}
	if e.Err != nil {
		why = append(why, e.Err.Error())
	}
	return fmt.Sprintf("device %s is not available: %s", e.Device, strings.Join(why, "; "))
}

func (e *DeviceError) Unwrap() error { return e.Err }

// appendCUDA makes a session run on a GPU; see requirePlacement for the nodes that
// would not. On an error the options are still the caller's to destroy.
func appendCUDA(options *ort.SessionOptions, o Options) (err error) {
	library := Loaded()
	parts := CUDAParts(library)
	if missing := Missing(parts); len(missing) > 0 {
		return &DeviceError{Device: o.Device, Missing: missing}
	}
	if err := preloadCUDA(parts); err != nil {
		return &DeviceError{Device: o.Device, Err: err}
	}
	cuda, err := ort.NewCUDAProviderOptions()
	if err != nil {
		return o.Device.explain(err)
	}
	defer func() { err = errors.Join(err, cuda.Destroy()) }()
	tf32 := "0"
	if o.TF32 {
		tf32 = "1"
	}
	settings := map[string]string{"device_id": strconv.Itoa(o.Device.Index), "use_tf32": tf32}
	if o.probe {
		settings["cudnn_conv_algo_search"] = "DEFAULT" // else cuDNN times every algorithm it has
	}
	if err := cuda.Update(settings); err != nil {
		return o.Device.explain(err)
	}
	if err := options.AppendExecutionProviderCUDA(cuda); err != nil {
		return o.Device.explain(err)
	}
	return nil
}

// CUDALibraries are the paths of NVIDIA's libraries that the CUDA build would
// use, as far as they are found: those it is linked to, and the parts of cuDNN
// that cuDNN loads by name later.
func CUDALibraries(l Library) []string { return librariesOf(CUDAParts(l)) }

func librariesOf(parts []Part) []string {
	var paths []string
	for _, p := range parts {
		if p.wanted == "" || p.Problem != "" {
			continue
		}
		paths = append(paths, p.Found)
		if strings.HasPrefix(p.wanted, "libcudnn.so.") {
			more, _ := filepath.Glob(strings.Replace(p.Found, "libcudnn.so.", "libcudnn_*.so.", 1)) // well-formed
			paths = append(paths, more...)
		}
	}
	return paths
}

// preloadCUDA loads the libraries that were found, so that the provider finds
// them where the system would not look. They need one another: what fails is
// tried again after the others.
func preloadCUDA(parts []Part) error {
	pending := librariesOf(parts)
	for len(pending) > 0 {
		var last error
		before := len(pending)
		pending = slices.DeleteFunc(pending, func(path string) bool {
			err := preload(path)
			if err != nil {
				last = err
			}
			return err == nil
		})
		if len(pending) == before {
			return last
		}
	}
	return nil
}

// explain makes an error of a GPU session a DeviceError.
func (d Device) explain(err error) error {
	if err = modelError(err); d.CUDA {
		return &DeviceError{Device: d, Err: err}
	}
	return err
}
