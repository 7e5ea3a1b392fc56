// Package bench times the training of a session: its steps on random images, and
// an epoch on real ones against its steps alone. Results are structs; nothing is
// printed. It never imports export or onnxruntime, and of infer only imageprep, download
// and machine. Start at [Time].
package bench

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/flowerctl/flowerctl/train/data"
	"github.com/flowerctl/flowerctl/train/nn"
	"github.com/flowerctl/flowerctl/train/run"
)

// Options say what is timed.
type Options struct {
	Steps  int  // that are timed, 1 or more
	Warmup int  // steps before them
	Ops    bool // list every op
}

// Speed is how fast a network trains; its JSON is what `flowerctl bench train
// --json` prints. Times are of one step.
type Speed struct {
	Arch      string  `json:"arch"` // or the network that fine-tuning starts from
	Batch     int     `json:"batch"`
	Threads   int     `json:"threads"`
	Kernels   string  `json:"kernels"`
	Precision string  `json:"precision"`
	Steps     int     `json:"steps"`
	Median    float64 `json:"step_ms_median"`
	Minimum   float64 `json:"step_ms_min"`
	PerSecond float64 `json:"images_per_s"` // by the median
	Allocated float64 `json:"alloc_bytes_per_step"`
	PeakRSS   float64 `json:"peak_rss_mb"`  // of the process, MiB
	StartRSS  float64 `json:"start_rss_mb"` // when the first timed step began
	EndRSS    float64 `json:"end_rss_mb"`   // when the last one was done
	GFLOPS    float64 `json:"gflops_per_s"` // 0 where a part of the network is not trained

	Input     float64 `json:"input_ms"` // means
	Forward   float64 `json:"forward_ms"`
	Backward  float64 `json:"backward_ms"`
	Optimizer float64 `json:"optimizer_ms"`
	Machine   float64 `json:"machine_ms"` // gorgonia's own, between the ops

	*EpochSpeed // nil of a session without images

	Ops []OpSpeed `json:"ops,omitempty"`
}

// OpSpeed is the mean time of an op in a step.
type OpSpeed struct {
	Node     string  `json:"node"`
	Kind     string  `json:"kind"`
	Backward bool    `json:"backward"`
	MS       float64 `json:"ms"`
}

// Time times training steps of the session's network on random images that stay the
// same, and where the session has images an epoch on them. It changes the network.
func Time(ctx context.Context, s *run.Session, o Options) (*Speed, error) {
	b := randomBatch(s.Settings.Batch, s.Settings.Size, s.Spec.Classes)
	step := func() error { _, err := s.Network.Step(ctx, b, s.Settings.LR); return err }
	for range o.Warmup {
		if err := step(); err != nil {
			return nil, err
		}
	}
	s.Network.ResetProfile()
	r := &Speed{Arch: cmp.Or(s.Settings.Arch, s.Settings.From), Batch: b.N, Threads: s.Engine.Threads(),
		Kernels: s.Engine.Name(), Precision: s.Settings.Precision, Steps: o.Steps,
		StartRSS: residentMiB("VmRSS")}
	took, allocated, err := timeSteps(o.Steps, step)
	if err != nil {
		return nil, err
	}
	r.EndRSS, r.PeakRSS = residentMiB("VmRSS"), residentMiB("VmHWM")
	r.Median, r.Minimum, r.Allocated = median(took), milliseconds(took[0]), allocated
	r.PerSecond = float64(b.N) / r.Median * 1000
	if s.Settings.From == "" {
		flops, _, err := s.Spec.FLOPs()
		if err != nil {
			return nil, err
		}
		r.GFLOPS = 3 * float64(flops) * float64(b.N) / r.Median / 1e6
	}
	r.addProfile(s.Network.Profile(), o.Ops)
	if s.Training != nil {
		if r.EpochSpeed, err = timeEpoch(ctx, s); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// median is the value in the middle of sorted times, in milliseconds.
func median(sorted []time.Duration) float64 { return milliseconds(sorted[(len(sorted)-1)/2]) }

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// randomBatch is noise with labels.
func randomBatch(n, size, classes int) *data.Batch {
	rng := rand.New(rand.NewPCG(1, 1))
	b := &data.Batch{N: n, Size: size, Classes: classes, Pixels: make([]uint8, 3*n*size*size),
		Targets: make([]float32, n*classes), Labels: make([]int, n), Indices: make([]int, n)}
	for i := range b.Pixels {
		b.Pixels[i] = uint8(rng.Uint32())
	}
	for i := range n {
		b.Labels[i], b.Indices[i] = rng.IntN(classes), i
		b.Targets[i*classes+b.Labels[i]] = 1
	}
	return b
}

// timeSteps returns the sorted times of the steps and the bytes that Go
// allocated in each.
func timeSteps(steps int, step func() error) (took []time.Duration, allocated float64, err error) {
	var before, after runtime.MemStats
	took = make([]time.Duration, steps)
	runtime.ReadMemStats(&before)
	for i := range took {
		start := time.Now()
		if err := step(); err != nil {
			return nil, 0, err
		}
		took[i] = time.Since(start)
	}
	runtime.ReadMemStats(&after)
	slices.Sort(took)
	return took, float64(after.TotalAlloc-before.TotalAlloc) / float64(steps), nil
}

// addProfile says where the time went.
func (r *Speed) addProfile(p nn.Profile, ops bool) {
	mean := func(d time.Duration) float64 { return milliseconds(d) / float64(max(p.Steps, 1)) }
	r.Input, r.Forward, r.Backward = mean(p.Input), mean(p.Forward), mean(p.Backward)
	r.Optimizer, r.Machine = mean(p.Optimizer), mean(p.Machine)
	if ops {
		for _, o := range p.Ops {
			r.Ops = append(r.Ops, OpSpeed{o.Node, o.Kind, o.Backward, mean(o.Time)})
		}
	}
}

// residentMiB is the memory that the process holds (VmRSS) or held at most
// (VmHWM), in MiB; 0 where the system does not say.
func residentMiB(key string) float64 {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		return 0
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		var kib float64
		if text, ok := strings.CutPrefix(s.Text(), key+":"); ok {
			fmt.Sscan(text, &kib)
			return kib / 1024
		}
	}
	return 0
}
