package train

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Schedule says how the learning rate changes. A zero field means the default; a
// field that the schedule does not have must be zero.
type Schedule struct {
	Name ScheduleName // Constant if empty
	// Warmup is the number of epochs, which may be a fraction, in which the rate rises
	// in a straight line before the schedule begins: (step+1)/steps of it. All but
	// OneCycle and Plateau have it.
	Warmup float64
	// Every is the epochs between two steps (Step), a third of all by default.
	Every int
	// Factor multiplies the rate at each step (Step, Plateau), 0.1 by default.
	Factor float64
	// Patience is the epochs without a lower validation loss before the rate falls
	// (Plateau), 10 by default.
	Patience int
	// Final is the share of the rate that is left at the end (Cosine), 0 by default.
	Final float64
}

// ScheduleName names a schedule.
type ScheduleName string

// The schedules.
const (
	Constant ScheduleName = "constant" //
	Step     ScheduleName = "step"     // times Factor every Every epochs
	// Cosine falls along half a cosine from the rate to Final of it (Loshchilov and
	// Hutter 2016, without restarts; Keras' CosineDecay).
	Cosine ScheduleName = "cosine"
	// Plateau is Keras' ReduceLROnPlateau on the validation loss: it must fall by
	// more than 1e-4 to count.
	Plateau ScheduleName = "plateau"
	// OneCycle rises along half a cosine from 1/25 of the rate to the rate in the
	// first 30 % of all steps, then falls along another to 1/250,000 of it (Smith
	// 2017; PyTorch's OneCycleLR).
	OneCycle ScheduleName = "one-cycle"
)

// Schedules lists them, the default first.
func Schedules() []ScheduleName { return []ScheduleName{Constant, Step, Cosine, Plateau, OneCycle} }

// plateauDelta is Keras' min_delta.
const plateauDelta = 1e-4

// ParseSchedule reads a schedule from text: its name, then options with commas
// between: "cosine,warmup=3,final=0.01", "step,every=20,factor=0.5".
func ParseSchedule(text string) (Schedule, error) {
	words := strings.Split(text, ",")
	s := Schedule{Name: ScheduleName(words[0])}
	for _, word := range words[1:] {
		key, value, _ := strings.Cut(word, "=")
		v, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return s, fmt.Errorf("schedule %q: %s: want a number, as in every=20", text, word)
		}
		// A value must be the one that is used: a zero field would mean the default.
		switch whole := key == "every" || key == "patience"; {
		case whole && !(v >= 1 && v <= 1e6 && v == math.Trunc(v)):
			return s, fmt.Errorf("schedule %q: %s is %s, want a whole number of epochs, 1 to 1e+06",
				text, key, value)
		case key == "factor" && v == 0:
			return s, fmt.Errorf("schedule %q: factor is 0, want over 0 and at most 1", text)
		}
		switch key {
		case "warmup":
			s.Warmup = v
		case "every":
			s.Every = int(v)
		case "factor":
			s.Factor = v
		case "patience":
			s.Patience = int(v)
		case "final":
			s.Final = v
		default:
			return s, fmt.Errorf("schedule %q: no option %q, want warmup, every, factor, patience or final",
				text, key)
		}
	}
	return s, s.check()
}

// String is the schedule as ParseSchedule reads it.
func (s Schedule) String() string {
	if s.Name == "" {
		s.Name = Constant
	}
	text := string(s.Name)
	for _, o := range []struct {
		key   string
		value float64
	}{
		{"warmup", s.Warmup}, {"every", float64(s.Every)}, {"factor", s.Factor},
		{"patience", float64(s.Patience)}, {"final", s.Final},
	} {
		if o.value != 0 {
			text += fmt.Sprintf(",%s=%v", o.key, o.value)
		}
	}
	return text
}

// Check returns an error that says what is wrong with the schedule for a run of
// that many epochs, such as a warm-up that would not end.
func (s Schedule) Check(epochs int) error {
	if s.Warmup > float64(epochs) {
		return fmt.Errorf("schedule %s: warmup is %g epochs, want at most the run's %d",
			s.Name, s.Warmup, epochs)
	}
	return s.check()
}

func (s Schedule) check() error {
	name := s.Name
	if name == "" {
		name = Constant
	}
	if !slices.Contains(Schedules(), name) {
		return fmt.Errorf("no schedule is called %q, want one of %v", name, Schedules())
	}
	for _, o := range []struct {
		name  string
		value float64
		top   float64
		of    []ScheduleName
	}{
		{"warmup", s.Warmup, 1e6, []ScheduleName{Constant, Step, Cosine}},
		{"every", float64(s.Every), 1e6, []ScheduleName{Step}},
		{"factor", s.Factor, 1, []ScheduleName{Step, Plateau}},
		{"patience", float64(s.Patience), 1e6, []ScheduleName{Plateau}},
		{"final", s.Final, 1, []ScheduleName{Cosine}},
	} {
		if o.value != 0 && !slices.Contains(o.of, name) {
			return fmt.Errorf("schedule %s has no %s", name, o.name)
		}
		if !(o.value >= 0 && o.value <= o.top) {
			return fmt.Errorf("schedule %s: %s is %g, want 0 to %g", name, o.name, o.value, o.top)
		}
	}
	return nil
}

// rates computes the learning rate of each step of a run.
type rates struct {
	Schedule
	peak          float64
	steps, epochs int // of an epoch; of the run
	first         int // epoch with steps
}

func newRates(c *Config) rates {
	r := rates{Schedule: c.Schedule, peak: c.LearningRate, steps: c.Train.Steps(), epochs: c.Epochs}
	if c.Start != nil {
		r.first = 1
	}
	if r.Factor == 0 {
		r.Factor = 0.1
	}
	if r.Every == 0 {
		r.Every = max(1, c.Epochs/3)
	}
	if r.Patience == 0 {
		r.Patience = 10
	}
	return r
}

// at is the rate of a step of an epoch, both counted from 0, after that many drops
// of a plateau schedule.
func (r rates) at(epoch, step, drops int) float64 {
	if epoch < r.first {
		return 0
	}
	t, all := float64((epoch-r.first)*r.steps+step), float64((r.epochs-r.first)*r.steps)
	warm := math.Round(r.Warmup * float64(r.steps))
	if t < warm {
		return r.peak * (t + 1) / warm
	}
	switch r.Name {
	case Step:
		return r.peak * math.Pow(r.Factor, math.Floor((t-warm)/float64(r.Every*r.steps)))
	case Plateau:
		return r.peak * math.Pow(r.Factor, float64(drops))
	case Cosine:
		return halfCosine(r.peak, r.peak*r.Final, (t-warm)/(all-warm))
	case OneCycle:
		return r.oneCycle(t, all)
	}
	return r.peak
}

// PlannedRate is the learning rate of a step of an epoch, both counted from 0, in a
// run of that many epochs with all else as in c. It does not know when a plateau's
// rate drops.
func (c Config) PlannedRate(epochs, epoch, step int) float64 {
	c.Epochs = epochs
	return newRates(&c).at(epoch, step, 0)
}

// oneCycle is PyTorch's, with its defaults: its up phase ends at step 0.3*all-1,
// its down phase at the last step.
func (r rates) oneCycle(t, all float64) float64 {
	top := 0.3*all - 1
	if top > 0 && t <= top {
		return halfCosine(r.peak/25, r.peak, t/top)
	}
	return halfCosine(r.peak, r.peak/25/1e4, (t-top)/(all-1-top))
}

// halfCosine goes from a to b while x goes from 0 to 1.
func halfCosine(a, b, x float64) float64 {
	return b + (a-b)*(1+math.Cos(math.Pi*min(max(x, 0), 1)))/2
}

// plateau is the state of a plateau schedule.
type plateau struct {
	Drops int     `json:"drops"`
	Best  float64 `json:"best"`   // lowest validation loss, once Epochs is not 0
	Wait  int     `json:"wait"`   // epochs since
	Seen  int     `json:"epochs"` // epochs seen
}

// see counts an epoch and reports whether the rate falls.
func (p *plateau) see(valLoss float64, patience int) bool {
	p.Seen++
	if p.Seen == 1 || valLoss < p.Best-plateauDelta {
		p.Best, p.Wait = valLoss, 0
		return false
	}
	p.Wait++
	if p.Wait < patience {
		return false
	}
	p.Wait = 0
	p.Drops++
	return true
}
