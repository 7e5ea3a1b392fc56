package main

import (
	"bufio"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/train/data"
	"github.com/flowerctl/flowerctl/train/model"
	"github.com/flowerctl/flowerctl/train/nn"
	"github.com/flowerctl/flowerctl/train/nn/kernel"
)

func benchTrainCommand() *cli.Command {
	return &cli.Command{
		Name:  "train",
		Usage: "time training steps: forward, backward, update",
		Description: `Steps on random images that stay the same, after --warmup steps that are not
counted. GFLOP/s takes a step for three forward passes, as is usual.

  flowerctl bench train --arch v7-base --batch 32
  flowerctl bench train --arch v3-alexnet --steps 20 --ops`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "arch", Value: "v7-base", Usage: "`NETWORK`, one of train --list"},
			&cli.IntFlag{Name: "size", Usage: "side of the images, `PIXELS`; 0: the network's own"},
			&cli.IntFlag{Name: "batch", Value: 32, Usage: "`N` images a step"},
			&cli.IntFlag{Name: "steps", Value: 7, Usage: "`N` steps are timed"},
			&cli.IntFlag{Name: "warmup", Value: 2, Usage: "`N` steps before them"},
			&cli.StringFlag{Name: "optimizer", Value: "adam", Usage: "`NAME`, as for train"},
			&cli.IntFlag{Name: "threads", Usage: "`N` that compute; 0: all cores"},
			&cli.BoolFlag{Name: "ops", Usage: "list the time of every op"},
			jsonFlag(),
		},
		Action: benchTrain,
	}
}

// trainSpeed is what `bench train --json` prints. All times are of one step.
type trainSpeed struct {
	Arch      string  `json:"arch"`
	Batch     int     `json:"batch"`
	Threads   int     `json:"threads"`
	Kernels   string  `json:"kernels"`
	Steps     int     `json:"steps"`
	Median    float64 `json:"step_ms_median"`
	Minimum   float64 `json:"step_ms_min"`
	PerSecond float64 `json:"images_per_s"` // by the median
	Allocated float64 `json:"alloc_bytes_per_step"`
	PeakRSS   float64 `json:"peak_rss_mb"` // of the process, MiB
	GFLOPS    float64 `json:"gflops_per_s"`

	Input     float64 `json:"input_ms"` // means
	Forward   float64 `json:"forward_ms"`
	Backward  float64 `json:"backward_ms"`
	Optimizer float64 `json:"optimizer_ms"`
	Machine   float64 `json:"machine_ms"` // gorgonia's own, between the ops

	Ops []opSpeed `json:"ops,omitempty"`
}

// opSpeed is the mean time of an op in a step.
type opSpeed struct {
	Node     string  `json:"node"`
	Kind     string  `json:"kind"`
	Backward bool    `json:"backward"`
	MS       float64 `json:"ms"`
}

func benchTrain(c *cli.Context) (err error) {
	if err := noArgs(c); err != nil {
		return err
	}
	steps, warmup := c.Int("steps"), c.Int("warmup")
	if steps < 1 || warmup < 0 {
		return usagef("--steps %d and --warmup %d: want 1 or more, and 0 or more", steps, warmup)
	}
	s := defaultSettings()
	s.Arch, s.Size, s.Batch = c.String("arch"), c.Int("size"), c.Int("batch")
	s.Optimizer, s.Threads = c.String("optimizer"), c.Int("threads")
	p, err := resolve(s)
	if err != nil {
		return err
	}
	network, engine, spec, err := benchNetwork(p)
	if err != nil {
		return err
	}
	defer closing(&err, func() error { return errors.Join(network.Close(), engine.Close()) })

	b := randomBatch(p.Batch, p.Size, spec.Classes)
	step := func() error { _, err := network.Step(c.Context, b, p.LR); return err }
	for range warmup {
		if err := step(); err != nil {
			return err
		}
	}
	network.ResetProfile()
	took, allocated, err := timeSteps(steps, step)
	if err != nil {
		return err
	}
	flops, _, err := spec.FLOPs()
	if err != nil {
		return err
	}
	r := trainSpeed{Arch: p.Arch, Batch: p.Batch, Threads: engine.Threads(), Kernels: engine.Name(), Steps: steps,
		Median: quantile(took, 0.5), Minimum: milliseconds(took[0]), Allocated: allocated, PeakRSS: peakRSS()}
	r.PerSecond = float64(p.Batch) / r.Median * 1000
	r.GFLOPS = 3 * float64(flops) * float64(p.Batch) / r.Median / 1e6
	r.addProfile(network.Profile(), c.Bool("ops"))
	if c.Bool("json") {
		return printJSON(c.App.Writer, r)
	}
	return r.print(c)
}

// benchNetwork is the network with new weights for five classes.
func benchNetwork(p *plan) (*nn.Network, kernel.Engine[float32], model.Spec, error) {
	spec, err := p.spec(5)
	if err != nil {
		return nil, nil, spec, err
	}
	weights, err := spec.NewWeights(p.Seed)
	if err != nil {
		return nil, nil, spec, err
	}
	engine, err := kernel.Default(p.Threads)
	if err != nil {
		return nil, nil, spec, err
	}
	network, err := nn.New(spec, weights, nn.Config{Engine: engine, Optimizer: p.opt, Seed: p.Seed})
	if err != nil {
		return nil, nil, spec, errors.Join(err, engine.Close())
	}
	return network, engine, spec, nil
}

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
func (r *trainSpeed) addProfile(p nn.Profile, ops bool) {
	mean := func(d time.Duration) float64 { return milliseconds(d) / float64(max(p.Steps, 1)) }
	r.Input, r.Forward, r.Backward = mean(p.Input), mean(p.Forward), mean(p.Backward)
	r.Optimizer, r.Machine = mean(p.Optimizer), mean(p.Machine)
	if ops {
		for _, o := range p.Ops {
			r.Ops = append(r.Ops, opSpeed{o.Node, o.Kind, o.Backward, mean(o.Time)})
		}
	}
}

func (r *trainSpeed) print(c *cli.Context) error {
	w := tabwriter.NewWriter(c.App.Writer, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "network\t%s, batch %d\n", r.Arch, r.Batch)
	fmt.Fprintf(w, "kernels\t%s, %d threads, %s\n", r.Kernels, r.Threads, cpuName())
	fmt.Fprintf(w, "step\t%.1f ms (median of %d; minimum %.1f), %.0f images/s, %.0f GFLOP/s\n",
		r.Median, r.Steps, r.Minimum, r.PerSecond, r.GFLOPS)
	fmt.Fprintf(w, "of it\tinput %.1f, forward %.1f, backward %.1f, optimizer %.1f, between ops %.1f ms\n",
		r.Input, r.Forward, r.Backward, r.Optimizer, r.Machine)
	fmt.Fprintf(w, "memory\t%.2f MB allocated a step, %.0f MiB resident at most\n", r.Allocated/1e6, r.PeakRSS)
	for _, o := range r.Ops {
		fmt.Fprintf(w, "%s\t%.2f ms %s\n", o.Node, o.MS, o.Kind)
	}
	return w.Flush()
}

// peakRSS is the most memory that the process held, in MiB; 0 where the system
// does not say.
func peakRSS() float64 {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		return 0
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		var kib float64
		if text, ok := strings.CutPrefix(s.Text(), "VmHWM:"); ok {
			fmt.Sscan(text, &kib)
			return kib / 1024
		}
	}
	return 0
}
