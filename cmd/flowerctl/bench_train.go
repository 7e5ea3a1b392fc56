package main

import (
	"bufio"
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
	"github.com/flowerctl/flowerctl/train/nn"
)

func benchTrainCommand() *cli.Command {
	return &cli.Command{
		Name:  "train",
		Usage: "time training steps: forward, backward, update",
		Description: `Steps on random images that stay the same, after --warmup steps that are not
counted. GFLOP/s takes a step for three forward passes, as is usual. --steps 200
shows whether memory grows. With --data an epoch on those images, augmented and
prepared ahead as in training, is compared with its steps alone.

  flowerctl bench train --arch v7-base --batch 32
  flowerctl bench train --arch v3-alexnet --steps 20 --ops
  flowerctl bench train --data photos/ --augment light`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "arch", Value: "v7-base", Usage: "`NETWORK`, one of train --list"},
			&cli.IntFlag{Name: "size", Usage: "side of the images, `PIXELS`; 0: the network's own"},
			&cli.IntFlag{Name: "batch", Value: 32, Usage: "`N` images a step"},
			&cli.IntFlag{Name: "steps", Value: 7, Usage: "`N` steps are timed"},
			&cli.IntFlag{Name: "warmup", Value: 2, Usage: "`N` steps before them"},
			&cli.StringFlag{Name: "optimizer", Value: "adam", Usage: "`NAME`, as for train"},
			&cli.IntFlag{Name: "threads", Usage: "`N` that compute; 0: all cores"},
			&cli.StringFlag{Name: "data", Usage: "time an epoch on the images in `DIR` too"},
			&cli.StringFlag{Name: "augment", Usage: "`POLICY` for that epoch, as for train"},
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
	PeakRSS   float64 `json:"peak_rss_mb"`  // of the process, MiB
	StartRSS  float64 `json:"start_rss_mb"` // when the first timed step began
	EndRSS    float64 `json:"end_rss_mb"`   // when the last one was done
	GFLOPS    float64 `json:"gflops_per_s"`

	Input     float64 `json:"input_ms"` // means
	Forward   float64 `json:"forward_ms"`
	Backward  float64 `json:"backward_ms"`
	Optimizer float64 `json:"optimizer_ms"`
	Machine   float64 `json:"machine_ms"` // gorgonia's own, between the ops

	*epochSpeed // nil without --data

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
	s, err := benchSession(c)
	if err != nil {
		return err
	}
	defer closing(&err, s.Close)

	b := randomBatch(s.Batch, s.Size, s.spec.Classes)
	step := func() error { _, err := s.network.Step(c.Context, b, s.LR); return err }
	for range warmup {
		if err := step(); err != nil {
			return err
		}
	}
	s.network.ResetProfile()
	r := trainSpeed{Arch: s.Arch, Batch: s.Batch, Threads: s.engine.Threads(), Kernels: s.engine.Name(), Steps: steps,
		StartRSS: residentMiB("VmRSS")}
	took, allocated, err := timeSteps(steps, step)
	if err != nil {
		return err
	}
	r.EndRSS, r.PeakRSS = residentMiB("VmRSS"), residentMiB("VmHWM")
	flops, _, err := s.spec.FLOPs()
	if err != nil {
		return err
	}
	r.Median, r.Minimum, r.Allocated = quantile(took, 0.5), milliseconds(took[0]), allocated
	r.PerSecond = float64(s.Batch) / r.Median * 1000
	r.GFLOPS = 3 * float64(flops) * float64(s.Batch) / r.Median / 1e6
	r.addProfile(s.network.Profile(), c.Bool("ops"))
	if s.train != nil {
		if r.epochSpeed, err = s.timeEpoch(c.Context); err != nil {
			return err
		}
	}
	if c.Bool("json") {
		return writeJSON(c.App.Writer, r)
	}
	return r.print(c)
}

// benchSession is the network with new weights, for five classes, or for those of
// --data with its images.
func benchSession(c *cli.Context) (*session, error) {
	settings := defaultSettings()
	settings.Arch, settings.Size, settings.Batch = c.String("arch"), c.Int("size"), c.Int("batch")
	settings.Optimizer, settings.Threads = c.String("optimizer"), c.Int("threads")
	settings.Data, settings.Augment = c.String("data"), c.String("augment")
	if settings.Augment != "" && settings.Data == "" {
		return nil, usagef("--augment: there are no images to augment without --data")
	}
	p, err := resolve(settings)
	if err != nil {
		return nil, err
	}
	if p.Data != "" {
		show := newProgress(c.App.ErrWriter)
		cache, err := p.images(c.Context, nil, show.reading)
		show.end()
		if err != nil {
			return nil, err
		}
		return p.open(cache)
	}
	s := &session{plan: p}
	return s, s.build(5)
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
	fmt.Fprintf(w, "memory\t%.3f MB allocated a step, %.0f MiB resident at most; over the steps from %.1f to %.1f\n",
		r.Allocated/1e6, r.PeakRSS, r.StartRSS, r.EndRSS)
	if e := r.epochSpeed; e != nil {
		fmt.Fprintf(w, "epoch\t%d steps in %.2f s; the steps alone %.2f s, so %.1f %% more; %.2f ms a step waiting for input\n",
			e.Steps, e.Seconds, e.Alone, 100*e.Overhead, e.Wait)
	}
	for _, o := range r.Ops {
		fmt.Fprintf(w, "%s\t%.2f ms %s\n", o.Node, o.MS, o.Kind)
	}
	return w.Flush()
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
