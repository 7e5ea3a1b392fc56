package bench

import (
	"fmt"
	"io"

	"github.com/flowerctl/flowerctl/infer/machine"
	"github.com/flowerctl/flowerctl/train/table"
)

// WriteText writes the times for people.
func (s *Speed) WriteText(w io.Writer) error {
	t := new(table.Table)
	t.Add("network", fmt.Sprintf("%s, batch %d", s.Arch, s.Batch))
	t.Add("kernels", fmt.Sprintf("%s, %s, %s, %s", s.Kernels, s.Precision,
		table.Count(s.Threads, "thread"),
		machine.Processor()))
	step := fmt.Sprintf("%.1f ms (median of %d; minimum %.1f), %.0f images/s",
		s.Median, s.Steps, s.Minimum, s.PerSecond)
	if s.GFLOPS > 0 {
		step += fmt.Sprintf(", %.0f GFLOP/s", s.GFLOPS)
	}
	t.Add("step", step)
	t.Add("of it", fmt.Sprintf(
		"input %.1f, forward %.1f, backward %.1f, optimizer %.1f, between ops %.1f ms",
		s.Input, s.Forward, s.Backward, s.Optimizer, s.Machine))
	t.Add("memory", fmt.Sprintf("%.3f MB allocated a step, %.0f MiB resident at most; "+
		"over the steps from %.1f to %.1f", s.Allocated/1e6, s.PeakRSS, s.StartRSS, s.EndRSS))
	if e := s.EpochSpeed; e != nil {
		t.Add("epoch", fmt.Sprintf("%s in %.2f s; the steps alone %.2f s, so %.1f %% more; "+
			"%.2f ms a step waiting for input", table.Count(e.Steps, "step"), e.Seconds, e.Alone,
			100*e.Overhead, e.Wait))
	}
	for _, o := range s.Ops {
		t.Add(o.Node, fmt.Sprintf("%.2f ms %s", o.MS, o.Kind))
	}
	return t.WriteText(w)
}
