package observe

import (
	"math"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/infer/shard"
	"github.com/flowerctl/flowerctl/train/pace"
)

// Predicting tells Prometheus how far a shard of predict or eval is, at the address,
// until stop; nobody without the flag. Each call of watch says how many pictures of the shard are
// done, how many of these have no answer, and how many there are; the first one what
// earlier processes had done.
func Predicting(c *shell.Call, address string, s shard.Shard, of int64) (
	watch func(done, failed, of int64), stop func(), err error) {

	m := &predictMetrics{of: of, info: prometheus.NewDesc("flowerctl_predict_shard_info",
		"1, with the command and the shard.", nil,
		prometheus.Labels{"command": c.Name, "shard": s.String()})}
	stop, err = serve(c, address, m)
	return m.set, stop, err
}

// predictMetrics collects all figures at one moment.
type predictMetrics struct {
	info *prometheus.Desc

	mu               sync.Mutex
	pace             *pace.Pace // nil until the first call of set
	done, failed, of int64
	before           struct{ done, failed int64 } // of earlier processes
}

func (m *predictMetrics) set(done, failed, of int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.pace == nil {
		m.pace = pace.New()
		m.before.done, m.before.failed = done, failed
	} else {
		m.pace.Add(done - m.done)
	}
	m.done, m.failed, m.of = done, failed, of
}

func predictDesc(name, help string) *prometheus.Desc {
	return prometheus.NewDesc("flowerctl_predict_"+name, help, nil, nil)
}

var (
	picturesDesc = predictDesc("pictures_total", "Pictures done by this process.")
	failedDesc   = predictDesc("failed_total", "Pictures without an answer, of these.")
	ofDesc       = predictDesc("shard_pictures", "Pictures of the shard.")
	doneDesc     = predictDesc("shard_done", "Pictures of the shard that are done, by any process.")
	shardFailed  = predictDesc("shard_failed", "Pictures without an answer, of these.")
	remaining    = predictDesc("remaining", "Pictures of the shard that are left.")
	rateDesc     = predictDesc("pictures_per_second", "Pictures, over the last half minute.")
	leftDesc     = predictDesc("remaining_seconds", "Time they take at that rate; NaN: not known.")
)

// Describe sends what there is.
func (m *predictMetrics) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{m.info, picturesDesc, failedDesc, ofDesc, doneDesc,
		shardFailed, remaining, rateDesc, leftDesc} {
		to <- d
	}
}

// Collect sends the figures.
func (m *predictMetrics) Collect(to chan<- prometheus.Metric) {
	m.mu.Lock()
	defer m.mu.Unlock()
	rate, left := 0.0, math.NaN()
	if m.pace != nil {
		rate = m.pace.PerSecond()
		if d, known := m.pace.Left(m.of - m.done); known || m.done == m.of {
			left = d.Seconds()
		}
	}
	send := func(d *prometheus.Desc, kind prometheus.ValueType, v float64) {
		to <- prometheus.MustNewConstMetric(d, kind, v)
	}
	send(m.info, prometheus.GaugeValue, 1)
	send(picturesDesc, prometheus.CounterValue, float64(m.done-m.before.done))
	send(failedDesc, prometheus.CounterValue, float64(m.failed-m.before.failed))
	send(ofDesc, prometheus.GaugeValue, float64(m.of))
	send(doneDesc, prometheus.GaugeValue, float64(m.done))
	send(shardFailed, prometheus.GaugeValue, float64(m.failed))
	send(remaining, prometheus.GaugeValue, float64(m.of-m.done))
	send(rateDesc, prometheus.GaugeValue, rate)
	send(leftDesc, prometheus.GaugeValue, left)
}
