package infer

import (
	"context"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/fixtures/colours"
	"github.com/flowerctl/flowerctl/fixtures/race"
	"github.com/flowerctl/flowerctl/infer/imageprep"
)

// residentKB is the memory of this process that is in RAM.
func residentKB(t *testing.T) int {
	t.Helper()
	data, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skip("no /proc to read memory from")
	}
	for line := range strings.Lines(string(data)) {
		if text, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, err := strconv.Atoi(strings.Fields(text)[0])
			if err != nil {
				t.Fatal(err)
			}
			return kb
		}
	}
	t.Fatal("no VmRSS")
	return 0
}

func TestTenThousandPredictionsKeepTheirMemory(t *testing.T) {
	if race.On {
		t.Skip("the race detector's own memory grows")
	}
	c := mustOpen(t, colours.Bytes, Options{})
	images := []imageprep.Image{plain(0, 8, 8), plain(1, 8, 8)}
	predict := func(n int) {
		for range n {
			if _, err := c.Classify(context.Background(), images); err != nil {
				t.Fatal(err)
			}
		}
		debug.FreeOSMemory()
	}
	predict(10_000) // until pools and arenas are as large as they get
	// A leak grows in every round; the garbage collector's ups and downs do not.
	const rounds = 5
	for round := 1; ; round++ {
		before := residentKB(t)
		predict(10_000)
		after := residentKB(t)
		t.Logf("resident %d KB, then %d KB", before, after)
		if after <= before+before/50 {
			return
		}
		if round == rounds {
			t.Fatalf("resident memory grew by more than 2 %% in each of %d rounds of 10,000 predictions", rounds)
		}
	}
}
