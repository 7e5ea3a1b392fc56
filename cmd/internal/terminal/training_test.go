package terminal

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/flowerctl/flowerctl/train"
)

// TestLongEpochsAreReportedInLogs: a log gets a line now and then within an
// epoch, and none at its end, where the epoch's own line comes.
func TestLongEpochsAreReportedInLogs(t *testing.T) {
	var log bytes.Buffer
	p := NewTraining(&log)
	at := train.Progress{Epoch: 1, Epochs: 35, Step: 24, Steps: 83, Loss: 1.58341, Accuracy: 0.298,
		ImagesPerSecond: 9.2, Left: 200 * time.Second}
	p.Progress(at)
	if log.Len() > 0 {
		t.Errorf("at once: %q, want nothing", log.String())
	}
	p.every = 0
	p.Progress(at)
	want := "epoch   1  step 24/83  loss so far 1.5834  accuracy  29.8 %  9.2 images/s" +
		"  about 3m20s left\n"
	if log.String() != want {
		t.Errorf("got %q, want %q", log.String(), want)
	}
	log.Reset()
	at.Left = 0
	p.Progress(at)
	if want := "9.2 images/s\n"; !strings.HasSuffix(log.String(), want) {
		t.Errorf("got %q, want no promise while the pace is not known", log.String())
	}
	log.Reset()
	at.Loss = 16778883331598580993079902208
	p.Progress(at)
	if !strings.Contains(log.String(), "loss so far 1.678e+28  ") {
		t.Errorf("got %q, want four digits of the loss", log.String())
	}
	log.Reset()
	at.Step = at.Steps
	p.Progress(at)
	if log.Len() > 0 {
		t.Errorf("at the end: %q, want nothing", log.String())
	}
}
