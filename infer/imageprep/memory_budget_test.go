package imageprep

import (
	"sync"
	"sync/atomic"
	"testing"
)

func TestBudgetIsKept(t *testing.T) {
	m := newBudget(MaxMemory)
	var used atomic.Int64
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			n := int64(MaxMemory) >> (i % 5)
			release := m.acquire(n)
			if now := used.Add(n); now > MaxMemory {
				t.Errorf("%d bytes at once", now)
			}
			used.Add(-n)
			release()
		})
	}
	wg.Wait()
	if m.left != MaxMemory {
		t.Errorf("%d bytes left in the end, want %d", m.left, MaxMemory)
	}
}

func TestRefusedImagesGiveTheirMemoryBack(t *testing.T) {
	before := budget.left
	for _, s := range readGolden(t).Small {
		Decode(s.Data)
		Decode(s.Data[:len(s.Data)/2])
	}
	if budget.left != before {
		t.Errorf("%d bytes left, want %d", budget.left, before)
	}
}
