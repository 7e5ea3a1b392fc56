package run

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
	"slices"
	"strings"
	"time"

	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/checkpoint"
	"github.com/flowerctl/flowerctl/train/data"
	"github.com/flowerctl/flowerctl/train/metrics"
)

// Record is what a run's folder says of it, whether it has ended or not.
type Record struct {
	Folder
	Settings Settings
	History  []train.Epoch
	Heads    []string // names of the auxiliary heads
	Digest   string   // of images, classes and split; "" before they were read
	Content  string   // digest of images and classes, however they are split
	Images   int      // that it is validated on
	Classes  int
	Summary  *train.Summary // nil until it has ended
	Failed   string         // the error that ended it, "" for none
}

// Record reads what the run's folder says of it.
func (f Folder) Record() (*Record, error) {
	settings, err := f.Settings()
	if err != nil {
		return nil, err
	}
	r := &Record{Folder: f, Settings: settings}
	return r, errors.Join(r.readSplit(), r.readHistory(), r.readSummary(), r.readEvents())
}

// open reads one of the run's files with f, if it is there.
func (r *Record) open(name string, f func(text []byte) error) error {
	path := r.path(name)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := f(text); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

func (r *Record) readSplit() error {
	return r.open(train.SplitFile, func(text []byte) error {
		set, err := data.ReadSplit(bytes.NewReader(text))
		if err != nil {
			return err
		}
		sum := sha256.Sum256(text)
		r.Content = ContentDigest(set)
		r.Digest, r.Classes, r.Images = hex.EncodeToString(sum[:]), set.Classes(),
			len(set.Indices(data.Val))
		return nil
	})
}

func (r *Record) readHistory() error {
	return r.open(train.HistoryFile, func(text []byte) (err error) {
		r.History, r.Heads, err = train.ReadHistory(bytes.NewReader(text))
		return err
	})
}

func (r *Record) readSummary() error {
	return r.open(train.MetricsFile, func(text []byte) error {
		s := new(train.Summary)
		if err := json.Unmarshal(text, s); err != nil {
			return err
		}
		// Else it is from before more epochs were asked for, or of what there was
		// when an error came.
		if s.Epochs == len(r.History) && s.Stopped != train.Failed {
			r.Summary = s
		}
		return nil
	})
}

// readEvents looks for an error that is the last thing that happened.
func (r *Record) readEvents() error {
	return r.open(train.EventsFile, func(text []byte) error {
		lines := bufio.NewScanner(bytes.NewReader(text))
		for lines.Scan() {
			var e struct{ Event, Text string }
			if json.Unmarshal(lines.Bytes(), &e) != nil {
				continue // the last line of a process that was killed
			}
			if r.Failed = ""; e.Event == "error" {
				r.Failed = e.Text
			}
		}
		return lines.Err()
	})
}

// Best is the epoch whose weights are the result so far; false before the first.
func (r *Record) Best() (best train.Epoch, ok bool) {
	monitor := train.Monitor(r.Settings.Monitor)
	for i, e := range r.History {
		if i == 0 || monitor.Better(e, best) {
			best = e
		}
	}
	return best, len(r.History) > 0
}

// Accuracy is the validation accuracy of the best epoch, with its interval.
func (r *Record) Accuracy() (accuracy float64, interval [2]float64) {
	if r.Summary != nil {
		return r.Summary.ValAccuracy, r.Summary.ValInterval
	}
	best, _ := r.Best()
	interval[0], interval[1] = metrics.Wilson(int(math.Round(best.ValAccuracy*float64(r.Images))),
		r.Images)
	return best.ValAccuracy, interval
}

// LastAccuracy is the validation accuracy of the last epoch.
func (r *Record) LastAccuracy() float64 {
	if len(r.History) == 0 {
		return 0
	}
	return r.History[len(r.History)-1].ValAccuracy
}

// TrainAccuracy is the best accuracy on the training images.
func (r *Record) TrainAccuracy() (best float64) {
	for _, e := range r.History {
		best = max(best, e.Accuracy)
	}
	return best
}

// Seconds is the time of all epochs.
func (r *Record) Seconds() (sum float64) {
	for _, e := range r.History {
		sum += e.Seconds
	}
	return sum
}

// Parameters is the number of trainable values. Of a network that existed before
// the run, which the settings do not describe, it is read from a checkpoint.
func (r *Record) Parameters() (int, error) {
	spec, err := r.Settings.Spec(max(r.Classes, 2))
	if errors.Is(err, ErrNoBase) {
		var last *checkpoint.Checkpoint
		if last, err = r.Checkpoint(Last); err == nil {
			spec = last.Spec
		}
	}
	if err != nil {
		return 0, fmt.Errorf("%s: %w", r.Dir, err)
	}
	trainable, _, err := spec.Count()
	return trainable, err
}

// Written is when the last epoch was, the zero time where there is none.
func (r *Record) Written() time.Time {
	info, err := os.Stat(r.path(train.HistoryFile))
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

// AllButSeed names what the run was trained with and on, without the seed, without
// which of the folds it was tested on, and
// without what changes no result but for rounding: runs with one name differ in
// nothing but their seed. Another seed draws other flowers, so of these only the
// number counts, which is one of the settings.
func (r *Record) AllButSeed() (string, error) {
	s := r.Settings
	drawn := s.Data == ""
	s.Seed, s.Threads, s.Data, s.LabelsFile, s.Fold = 0, 0, "", "", 0
	text, err := json.Marshal(s)
	if err != nil || drawn {
		return string(text), err
	}
	return string(text) + r.Content, nil
}

// ContentDigest names the images of a set and their classes, wherever they lie
// and however they are split.
func ContentDigest(set *data.Set) string {
	var lines []string
	for _, it := range set.Items {
		if it.Part != data.Out {
			lines = append(lines, it.SHA256+" "+set.Named(&it)+"\n")
		}
	}
	slices.Sort(lines)
	sum := sha256.Sum256([]byte(strings.Join(slices.Compact(lines), "")))
	return hex.EncodeToString(sum[:])
}
