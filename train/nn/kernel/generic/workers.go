package generic

import "sync"

// workers is a fixed set of goroutines. Work is cut into one part a worker, and
// the cuts depend on nothing but sizes and the number of workers: the same inputs
// give the same bits each time.
type workers struct {
	n    int
	jobs []chan task // of workers 1 to n-1; worker 0 is the caller
	done sync.WaitGroup
}

// task is work in parts. Layers convert themselves to one of their tasks, a type
// for each pass, so that nothing is allocated.
type task interface {
	part(i, parts int)
}

// serialBelow is the number of values below which waking another goroutine, some
// 5 microseconds, costs more than it saves.
const serialBelow = 1 << 13

func newWorkers(n int) *workers {
	w := &workers{n: n}
	for i := 1; i < n; i++ {
		jobs := make(chan task)
		w.jobs = append(w.jobs, jobs)
		go func() {
			for t := range jobs {
				t.part(i, n)
				w.done.Done()
			}
		}()
	}
	return w
}

// run does all parts of t, which costs about as much as touching values values.
func (w *workers) run(t task, values int) {
	if values < serialBelow {
		for i := range w.n {
			t.part(i, w.n)
		}
		return
	}
	w.done.Add(len(w.jobs))
	for _, jobs := range w.jobs {
		jobs <- t
	}
	t.part(0, w.n)
	w.done.Wait()
}

// close ends the goroutines; a second call does nothing.
func (w *workers) close() {
	for _, jobs := range w.jobs {
		close(jobs)
	}
	w.jobs = nil
}

// span is part i of 0..n-1, cut at multiples of unit.
func span(n, unit, i, parts int) (begin, end int) {
	units := (n + unit - 1) / unit
	return min(units*i/parts*unit, n), min(units*(i+1)/parts*unit, n)
}
