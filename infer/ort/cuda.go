package ort

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	ort "github.com/yalue/onnxruntime_go"

	"github.com/flowerctl/flowerctl/infer/ort/cuda"
)

// DeviceError says that a device is not there or cannot run the model.
type DeviceError struct {
	Device  Device
	Missing []cuda.Part // what is missing, where that is known
	Err     error       // what onnxruntime said, where it was asked
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
	parts := cuda.Parts(Loaded())
	if missing := cuda.Missing(parts); len(missing) > 0 {
		return &DeviceError{Device: o.Device, Missing: missing}
	}
	if err := cuda.Preload(parts); err != nil {
		return &DeviceError{Device: o.Device, Err: err}
	}
	provider, err := ort.NewCUDAProviderOptions()
	if err != nil {
		return o.Device.explain(err)
	}
	defer func() { err = errors.Join(err, provider.Destroy()) }()
	tf32 := "0"
	if o.TF32 {
		tf32 = "1"
	}
	settings := map[string]string{"device_id": strconv.Itoa(o.Device.Index), "use_tf32": tf32}
	if o.probe {
		settings["cudnn_conv_algo_search"] = "DEFAULT" // else cuDNN times every algorithm it has
	}
	if err := provider.Update(settings); err != nil {
		return o.Device.explain(err)
	}
	if err := options.AppendExecutionProviderCUDA(provider); err != nil {
		return o.Device.explain(err)
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
