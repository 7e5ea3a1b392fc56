package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"

	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/data"
	"github.com/flowerctl/flowerctl/train/metrics"
)

// runRecord is what a run's folder says of it, whether it has ended or not.
type runRecord struct {
	dir      string
	settings settings
	history  []train.Epoch
	heads    []string // names of the auxiliary heads
	digest   string   // of images, classes and split; "" before they were read
	content  string   // digest of images and classes, however they are split
	images   int      // that it is validated on
	classes  int
	summary  *train.Summary // nil until it has ended
	failed   string         // the error that ended it, "" for none
}

// readRun reads the folder of a run.
func readRun(dir string) (*runRecord, error) {
	r := &runRecord{dir: dir, settings: defaultSettings()}
	path := filepath.Join(dir, train.ConfigFile)
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fileError(err)
	}
	if err := r.settings.decode(text); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return r, errors.Join(r.readSplit(), r.readHistory(), r.readSummary(), r.readEvents())
}

// open reads one of the run's files with f, if it is there.
func (r *runRecord) open(name string, f func(text []byte) error) error {
	path := filepath.Join(r.dir, name)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fileError(err)
	}
	if err := f(text); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

func (r *runRecord) readSplit() error {
	return r.open(train.SplitFile, func(text []byte) error {
		set, err := data.ReadSplit(bytes.NewReader(text))
		if err != nil {
			return err
		}
		sum := sha256.Sum256(text)
		r.content = contentDigest(set)
		r.digest, r.classes, r.images = hex.EncodeToString(sum[:]), set.Classes(), len(set.Indices(data.Val))
		return nil
	})
}

func (r *runRecord) readHistory() error {
	return r.open(train.HistoryFile, func(text []byte) (err error) {
		r.history, r.heads, err = train.ReadHistory(bytes.NewReader(text))
		return err
	})
}

func (r *runRecord) readSummary() error {
	return r.open(train.MetricsFile, func(text []byte) error {
		s := new(train.Summary)
		if err := json.Unmarshal(text, s); err != nil {
			return err
		}
		// Else it is from before more epochs were asked for, or of what there was
		// when an error came.
		if s.Epochs == len(r.history) && s.Stopped != train.Failed {
			r.summary = s
		}
		return nil
	})
}

// readEvents looks for an error that is the last thing that happened.
func (r *runRecord) readEvents() error {
	return r.open(train.EventsFile, func(text []byte) error {
		lines := bufio.NewScanner(bytes.NewReader(text))
		for lines.Scan() {
			var e struct{ Event, Text string }
			if json.Unmarshal(lines.Bytes(), &e) != nil {
				continue // the last line of a process that was killed
			}
			if r.failed = ""; e.Event == "error" {
				r.failed = e.Text
			}
		}
		return lines.Err()
	})
}

// best is the epoch whose weights are the result so far; false before the first.
func (r *runRecord) best() (best train.Epoch, ok bool) {
	monitor := train.Monitor(r.settings.Monitor)
	for i, e := range r.history {
		if i == 0 || monitor.Better(e, best) {
			best = e
		}
	}
	return best, len(r.history) > 0
}

// accuracy is the validation accuracy of the best epoch, with its interval.
func (r *runRecord) accuracy() (accuracy float64, interval [2]float64) {
	if r.summary != nil {
		return r.summary.ValAccuracy, r.summary.ValInterval
	}
	best, _ := r.best()
	interval[0], interval[1] = metrics.Wilson(int(math.Round(best.ValAccuracy*float64(r.images))), r.images)
	return best.ValAccuracy, interval
}

// last is the validation accuracy of the last epoch.
func (r *runRecord) last() float64 {
	if len(r.history) == 0 {
		return 0
	}
	return r.history[len(r.history)-1].ValAccuracy
}

// trained is the best accuracy on the training images.
func (r *runRecord) trained() (best float64) {
	for _, e := range r.history {
		best = max(best, e.Accuracy)
	}
	return best
}

// seconds is the time of all epochs.
func (r *runRecord) seconds() (sum float64) {
	for _, e := range r.history {
		sum += e.Seconds
	}
	return sum
}

// parameters is the number of trainable values.
func (r *runRecord) parameters() (int, error) {
	p, err := resolve(r.settings)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", r.dir, err)
	}
	spec, err := p.spec(max(r.classes, 2))
	if err != nil {
		return 0, fmt.Errorf("%s: %w", r.dir, err)
	}
	trainable, _, err := spec.Count()
	return trainable, err
}
