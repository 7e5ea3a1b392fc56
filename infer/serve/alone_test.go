package serve

import (
	"context"
	"runtime"
	goruntime "runtime/metrics"
	"testing"
)

// collects is at how much garbage the collector works, in percent of what is in use.
func collects(t *testing.T) uint64 {
	t.Helper()
	sample := []goruntime.Sample{{Name: "/gc/gogc:percent"}}
	goruntime.Read(sample)
	return sample[0].Value.Uint64()
}

func TestAServerThatIsAloneHasTwiceAsManyThreads(t *testing.T) {
	cores := runtime.GOMAXPROCS(0)
	for alone, threads := range map[bool]int{false: cores, true: 2 * cores} {
		c, saw := newColourist(), 0
		s := New(Options{Alone: alone})
		if got := cap(s.decoders); got != threads {
			t.Errorf("alone %v: %d pictures are decoded at a time, want %d", alone, got, threads)
		}
		if err := s.Put(t.Context(), "model", "1", &Model{Classifier: c, Runs: 2 * cores}); err != nil {
			t.Fatal(err)
		}
		runs := s.models.models["model"].versions["1"].batcher.runs
		if wanted := 3*cores - threads; runs != wanted { // half of what it says, or all
			t.Errorf("alone %v: %d runs overlap, want %d", alone, runs, wanted)
		}
		percent := collects(t)
		within := percent
		if alone && percent == 100 {
			within = heapPercent
		}
		c.before = func() {
			if saw = runtime.GOMAXPROCS(0); collects(t) != within {
				t.Errorf("alone %v: garbage is collected at %d %%, want %d", alone, collects(t), within)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		l := loopback(t)
		ended := make(chan error, 1)
		go func() { ended <- s.Run(ctx, Listeners{HTTP: l}) }()
		client := dialled(t, l)
		client.ask(t, posting(t, painted(t, red)), false)
		client.Close()
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if got := collects(t); got != percent {
			t.Errorf("alone %v: garbage is collected at %d %% afterwards, want %d", alone, got, percent)
		}
		if saw != threads || runtime.GOMAXPROCS(0) != cores {
			t.Errorf("alone %v: GOMAXPROCS was %d and is %d, want %d and %d", alone, saw,
				runtime.GOMAXPROCS(0), threads, cores)
		}
	}
}
