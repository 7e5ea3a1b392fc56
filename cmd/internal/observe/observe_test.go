package observe

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/infer/shard"
	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/pace"
	"github.com/flowerctl/flowerctl/train/run"
	"github.com/flowerctl/flowerctl/train/tensorboard"
)

// call is one with these flags, and what is said in it.
func call(name string, flags ...string) (*shell.Call, *bytes.Buffer) {
	log := new(bytes.Buffer)
	return &shell.Call{Ctx: context.Background(), Name: name, Log: log, Given: func(flag string) bool {
		for _, f := range flags {
			if f == flag {
				return true
			}
		}
		return false
	}}, log
}

var said = regexp.MustCompile(`^metrics on (http://127\.0\.0\.1:[0-9]+/metrics)\n`)

// scraped is what Prometheus reads, by name, of our own metrics.
func scraped(t *testing.T, log string) map[string]string {
	t.Helper()
	at := said.FindStringSubmatch(log)
	if at == nil {
		t.Fatalf("got %q, want the address", log)
	}
	answer, err := http.Get(at[1])
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("got %s and %v", answer.Status, err)
	}
	values := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), " "); ok &&
			strings.HasPrefix(name, "flowerctl_") {
			values[name] = value
		}
	}
	return values
}

func wantValues(t *testing.T, got, want map[string]string) {
	t.Helper()
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s: got %q, want %q", name, got[name], value)
		}
	}
}

// TestATrainingIsScraped: the same series from the first moment on, NaN until known.
func TestATrainingIsScraped(t *testing.T) {
	c, log := call("train", "metrics-addr")
	o := new(run.Options)
	stop, err := (&Training{metricsAddr: ":0"}).Start(c, o)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	before := scraped(t, log.String())
	wantValues(t, before, map[string]string{"flowerctl_train_images_total": "0",
		"flowerctl_train_val_accuracy": "NaN", "flowerctl_train_epoch": "NaN"})
	if len(o.Also) != 1 {
		t.Fatalf("got %d observers, want one", len(o.Also))
	}
	watch := o.Also[0]
	watch.Progress(train.Progress{Epoch: 2, Epochs: 9, Step: 3, Steps: 4, Loss: 0.5, Accuracy: 0.25,
		Images: 8, LearningRate: 0.125, ImagesPerSecond: 1.5, Left: 2 * time.Second})
	watch.Progress(train.Progress{Epoch: 2, Epochs: 9, Step: 4, Steps: 4, Loss: 0.5, Accuracy: 0.75,
		Images: 5, LearningRate: 0.125, ImagesPerSecond: 1.5})
	watch.Progress(train.Progress{Epoch: 2, Epochs: 9, Step: 1, Steps: 2, Validating: true, Loss: 7,
		Images: 8, ImagesPerSecond: 99})
	after := scraped(t, log.String())
	wantValues(t, after, map[string]string{"flowerctl_train_images_total": "13",
		"flowerctl_train_epoch": "2", "flowerctl_train_epochs": "9", "flowerctl_train_step": "4",
		"flowerctl_train_steps": "4", "flowerctl_train_loss": "0.5", "flowerctl_train_accuracy": "0.75",
		"flowerctl_train_learning_rate": "0.125", "flowerctl_train_images_per_second": "1.5",
		"flowerctl_train_epoch_remaining_seconds": "0", "flowerctl_train_validating": "1"})
	watch.EpochDone(train.Epoch{Epoch: 2, ValLoss: 0.25, ValAccuracy: 0.5}, true)
	watch.EpochDone(train.Epoch{Epoch: 3, ValLoss: 1, ValAccuracy: 0.375}, false)
	watch.Warn("a")
	last := scraped(t, log.String())
	wantValues(t, last, map[string]string{"flowerctl_train_val_accuracy": "0.375",
		"flowerctl_train_val_loss": "1", "flowerctl_train_best_epoch": "2",
		"flowerctl_train_best_val_accuracy": "0.5", "flowerctl_train_epochs_total": "2",
		"flowerctl_train_validating": "0", "flowerctl_train_warnings_total": "1"})
	if len(before) == 0 || len(before) != len(after) || len(after) != len(last) {
		t.Errorf("got %d, %d and %d series, want as many each time", len(before), len(after), len(last))
	}
}

// TestAShardIsScraped: what earlier processes did is neither in the rate nor in counters.
func TestAShardIsScraped(t *testing.T) {
	c, log := call("eval", "metrics-addr")
	watch, stop, err := Predicting(c, "127.0.0.1:0", shard.Shard{Index: 3, Count: 16}, 50)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	before := scraped(t, log.String())
	wantValues(t, before, map[string]string{"flowerctl_predict_pictures_total": "0",
		"flowerctl_predict_shard_pictures": "50", "flowerctl_predict_remaining": "50",
		"flowerctl_predict_remaining_seconds":                       "NaN",
		`flowerctl_predict_shard_info{command="eval",shard="3/16"}`: "1"})
	watch(20, 2, 50)
	watch(21, 3, 50)
	watch(22, 3, 50)
	after := scraped(t, log.String())
	wantValues(t, after, map[string]string{"flowerctl_predict_pictures_total": "2",
		"flowerctl_predict_failed_total": "1", "flowerctl_predict_shard_done": "22",
		"flowerctl_predict_shard_failed": "3", "flowerctl_predict_remaining": "28"})
	watch(50, 3, 50)
	last := scraped(t, log.String())
	wantValues(t, last, map[string]string{"flowerctl_predict_remaining": "0",
		"flowerctl_predict_remaining_seconds": "0"})
	if len(before) != len(after) || len(after) != len(last) {
		t.Errorf("got %d, %d and %d series, want as many each time", len(before), len(after), len(last))
	}
}

// TestWhatIsLeftOfAShardIsReckonedByItsPace, by a clock of the test's.
func TestWhatIsLeftOfAShardIsReckonedByItsPace(t *testing.T) {
	at := time.Unix(1000, 0)
	m := &predictMetrics{pace: pace.WithClock(func() time.Time { return at }), of: 100}
	for done := range int64(10) {
		at = at.Add(time.Second)
		m.set(5*(done+1), 0, 100)
	}
	if d, known := m.pace.Left(m.of - m.done); !known || d != 10*time.Second {
		t.Errorf("got %v, %v, want 10 s", d, known)
	}
	if rate := m.pace.PerSecond(); math.Abs(rate-5) > 1e-9 {
		t.Errorf("got %g a second, want 5", rate)
	}
}

// TestAnAddressInUseIsOneLineBeforeAnythingStarts, and so are those that are none.
func TestAnAddressInUseIsOneLineBeforeAnythingStarts(t *testing.T) {
	c, log := call("train", "metrics-addr")
	stop, err := serve(c, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	used := strings.TrimSuffix(said.FindStringSubmatch(log.String())[1], "/metrics")[len("http://"):]
	for _, test := range []struct {
		address, want string
		usage         bool
	}{
		{used, "--metrics-addr: " + used + ": address already in use", false},
		{"", `--metrics-addr: got "", want HOST:PORT`, true},
		{"9100", `--metrics-addr: got "9100", want HOST:PORT`, true},
		{"127.0.0.1:metrics-of-mine", `--metrics-addr: got "127.0.0.1:metrics-of-mine", want HOST:PORT`,
			true},
	} {
		log.Reset()
		stop, err := serve(c, test.address)
		if err == nil {
			stop()
			t.Errorf("%s: got no error", test.address)
			continue
		}
		if !strings.HasPrefix(err.Error(), test.want) || shell.IsUsage(err) != test.usage ||
			log.Len() > 0 {
			t.Errorf("%s: got %v (usage: %v), want %s", test.address, err, shell.IsUsage(err), test.want)
		}
	}
}

// TestAServerThatFailsHarmsNoJob: it is told when the job ends.
func TestAServerThatFailsHarmsNoJob(t *testing.T) {
	c, log := call("predict", "metrics-addr")
	l, err := shell.Listen(flag, ":0", "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	failing := &brokenListener{Listener: l, broken: make(chan struct{})}
	stop := answer(c, failing)
	<-failing.broken
	stop()
	if !strings.Contains(log.String(), "no metrics after an error: broken") {
		t.Errorf("got %q, want the error", log.String())
	}
}

// TestObservingNothingIsRefused: where there is no run, or that of another.
func TestObservingNothingIsRefused(t *testing.T) {
	start := func(o *run.Options, t *Training, flags ...string) error {
		c, _ := call("train", flags...)
		stop, err := t.Start(c, o)
		if err == nil {
			stop()
		}
		return err
	}
	dir := t.TempDir()
	into := func() *Training { return &Training{tensorboard: shell.Optional{Given: true}} }
	for _, flags := range [][]string{{"tensorboard", "dry-run"}, {"metrics-addr", "lr-find"},
		{"tensorboard", "learning-curve"}} {
		err := start(&run.Options{Dir: dir}, into(), flags...)
		if err == nil || !shell.IsUsage(err) || !strings.Contains(err.Error(), "--"+flags[0]+" and --"+
			flags[1]) {
			t.Errorf("%v: got %v, want them refused", flags, err)
		}
	}
	o := &run.Options{Dir: dir}
	if err := start(o, into(), "tensorboard"); err != nil || o.TensorBoard != filepath.Join(dir, "tb") {
		t.Errorf("got %v and %q, want tb in the run's folder", err, o.TensorBoard)
	}
	if err := start(o, new(Training)); err != nil || len(o.Also) > 0 {
		t.Errorf("no flags: got %v and %d observers", err, len(o.Also))
	}
	w, err := tensorboard.Create(filepath.Join(dir, "logs"))
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	logs := &Training{tensorboard: shell.Optional{Given: true, Text: filepath.Join(dir, "logs")}}
	if err := start(o, logs, "tensorboard"); !errors.Is(err, run.ErrHasEvents) {
		t.Errorf("events of another run: got %v, want %v", err, run.ErrHasEvents)
	}
	for _, flag := range []string{"force", "resume"} {
		if err := start(o, logs, "tensorboard", flag); err != nil {
			t.Errorf("--%s: got %v, want no error", flag, err)
		}
	}
	o = &run.Options{Dir: dir}
	err = start(o, &Training{metricsAddr: ":0"}, "metrics-addr", "learning-curve")
	if err != nil || len(o.Also) != 1 {
		t.Errorf("a learning curve: got %v and %d observers, want one", err, len(o.Also))
	}
}

// brokenListener takes no connection.
type brokenListener struct {
	net.Listener
	broken chan struct{}
}

func (b *brokenListener) Accept() (net.Conn, error) {
	close(b.broken)
	return nil, errors.New("broken")
}
