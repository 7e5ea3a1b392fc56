package nn

import (
	"errors"
	"testing"
	"time"

	"github.com/flowerctl/flowerctl/train/nn/kernel"
	"github.com/flowerctl/flowerctl/train/nn/kernel/naive"
)

// cores take their time for steps, as an engine on a machine with or without others.
type cores struct {
	yields          bool
	spinning, short time.Duration
	yielding        int   // steps
	asked           int   // times, for a way
	failure         error // of Yield
}

func (m *cores) Yield(on bool) error {
	if m.asked++; m.failure != nil {
		return m.failure
	}
	m.yields = on
	return nil
}

// run does steps, and says how many of them yielded.
func (m *cores) run(w *waiting, steps int) int {
	m.yielding = 0
	for range steps {
		w.before()
		took := m.spinning
		if m.yields {
			took = m.short
			m.yielding++
		}
		w.after(took)
	}
	return m.yielding
}

func TestThreadsWaitAsIsFaster(t *testing.T) {
	m := cores{spinning: 200e6, short: 210e6}
	w := newWaiting(&m)
	if n := m.run(&w, firstTrial); n != 0 {
		t.Errorf("before the first trial %d steps yield", n)
	}
	for _, at := range []struct {
		what            string
		spinning, short time.Duration
		want            bool
	}{
		{"a quiet machine", 200e6, 210e6, false},
		{"a busy machine", 450e6, 400e6, true},
		{"still busy, with less to gain", 402e6, 400e6, true},
		{"quiet again", 200e6, 210e6, false},
		{"a small gain", 200e6, 197e6, false},
	} {
		m.spinning, m.short = at.spinning, at.short
		if n := m.run(&w, trialSteps); n != trialSteps/2 {
			t.Errorf("%s: %d of the steps of a trial yield, want %d", at.what, n, trialSteps/2)
		}
		want := 0
		if at.want {
			want = nextTrial
		}
		if n := m.run(&w, nextTrial); n != want {
			t.Errorf("%s: then %d of %d steps yield, want %d", at.what, n, nextTrial, want)
		}
	}
}

func TestShortStepsAreNotTried(t *testing.T) {
	m := cores{spinning: 2e6, short: 1e6}
	w := newWaiting(&m)
	if n := m.run(&w, 3*nextTrial); n != 0 {
		t.Errorf("%d steps yield", n)
	}
}

func TestStepsGoOnWhereThreadsCannotYield(t *testing.T) {
	m := cores{spinning: 200e6, short: 100e6, failure: errors.New("no threads")}
	w := newWaiting(&m)
	if n := m.run(&w, firstTrial+trialSteps+nextTrial); n != 0 || m.asked != 1 {
		t.Errorf("%d steps yield, and it was tried %d times, want once", n, m.asked)
	}
}

func TestEnginesWithoutAChoiceHaveNone(t *testing.T) {
	w := newWaiting(struct{}{})
	for range firstTrial + trialSteps {
		w.before()
		w.after(time.Second)
	}
}

func TestEachStepSaysHowThreadsWait(t *testing.T) {
	spec, w := preset(t, "tiny", 32)
	m := new(cores)
	e := struct {
		kernel.Engine[float32]
		*cores
	}{naive.New[float32](), m}
	n := newNetwork(t, spec, w, Config{Engine: e, Optimizer: adam(t)})
	for step := 1; step <= 2; step++ {
		if _, err := n.Step(t.Context(), goldenBatch(step, 2, 32, 5), 0.001); err != nil {
			t.Fatal(err)
		}
		if m.asked != step || n.waiting.until != firstTrial-step {
			t.Errorf("after step %d: asked %d times, %d steps before the first trial", step, m.asked,
				n.waiting.until)
		}
	}
}
