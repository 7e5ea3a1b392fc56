package ort

import (
	"errors"
	"fmt"
	"strconv"

	ort "github.com/yalue/onnxruntime_go"
)

// ErrNoDevice says that the asked device is not there, or cannot run the model.
var ErrNoDevice = errors.New("device not available")

// appendCUDA makes a session run on a GPU, whole: no node may fall back to the
// CPU. On an error the options are still the caller's to destroy.
func appendCUDA(options *ort.SessionOptions, o Options) (err error) {
	cuda, err := ort.NewCUDAProviderOptions()
	if err != nil {
		return o.Device.explain(err)
	}
	defer func() { err = errors.Join(err, cuda.Destroy()) }()
	tf32 := "0"
	if o.TF32 {
		tf32 = "1"
	}
	if err := cuda.Update(map[string]string{
		"device_id": strconv.Itoa(o.Device.Index),
		"use_tf32":  tf32,
	}); err != nil {
		return o.Device.explain(err)
	}
	if err := options.AddSessionConfigEntry("session.disable_cpu_ep_fallback", "1"); err != nil {
		return err
	}
	if err := options.AppendExecutionProviderCUDA(cuda); err != nil {
		return o.Device.explain(err)
	}
	return nil
}

// explain makes an error of a GPU session an ErrNoDevice.
func (d Device) explain(err error) error {
	if !d.CUDA {
		return modelError(err)
	}
	return fmt.Errorf("%s: %w: %w", d, ErrNoDevice, err)
}
