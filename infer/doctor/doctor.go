// Package doctor examines whether predicting works on this machine: the processor,
// the readers of images, onnxruntime, the model, memory, the cache folder and the GPU.
// It says what it found, and why; the words that mend it are the caller's, who knows
// which commands there are. Start at [Finding] and [Runtime].
package doctor

import (
	"fmt"
	"runtime"
	"strings"

	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/infer/machine"
	"github.com/flowerctl/flowerctl/infer/ort/cuda"
	"github.com/flowerctl/flowerctl/train/table"
)

// State says how well a thing is.
type State string

// The states.
const (
	Well   State = "ok"
	Noted  State = "note" // worth knowing; nothing fails because of it
	Failed State = "FAIL"
)

// Finding is what was found about one thing.
type Finding struct {
	Name   string
	State  State
	Reason Reason
	Detail string
	Err    error     // what went wrong, after Detail; may be nil
	Part   cuda.Part // where Reason is PartMissing
}

// Reason says why a thing is not well.
type Reason int

// The reasons.
const (
	None          Reason = iota
	SlowJPEG             // JPEG is read by Go, not by libjpeg-turbo
	RuntimeBroken        // onnxruntime is not there or cannot be used: see Err
	ModelMissing         // there is none, and the built-in one is used
	ModelBroken          // the file cannot be used: see Err
	ModelNoLabels        // the file names no classes
	ModelNoSize          // the file has no size of its images
	MemoryLow
	CacheUnknown   // the system names no cache folder
	CacheForbidden // it cannot be written to
	DiskLow
	PartMissing // something that CUDA needs: see Part
)

// Processor says which one it is, and how many of its cores this process uses.
func Processor() Finding {
	detail := fmt.Sprintf("%s, %d of %s, %s", machine.Processor(), runtime.GOMAXPROCS(0),
		table.Count(runtime.NumCPU(), "core"), strings.Join(machine.Features(), " "))
	return Finding{Name: "processor", State: Well, Detail: detail}
}

// Pictures says what reads and resizes images.
func Pictures() Finding {
	decoder, resizer := imageprep.Engines()
	f := Finding{Name: "pictures", State: Well,
		Detail: "JPEG read by " + decoder + ", resized by " + resizer}
	if decoder == "go" {
		f.State, f.Reason = Noted, SlowJPEG
		f.Detail += ": the same pixels, more slowly than with libjpeg-turbo"
	}
	return f
}
