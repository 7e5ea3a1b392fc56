package serve

import (
	"net/http"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics are what Prometheus is told. Every label has few values: the server's
// routes and statuses, and the names of its models.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	latency  *prometheus.HistogramVec
	pictures *prometheus.CounterVec
	batches  *prometheus.HistogramVec
	queued   *prometheus.CounterVec
	infer    *prometheus.HistogramVec
	decode   prometheus.Histogram
	reloads  *prometheus.CounterVec
}

func newMetrics(version string, models *registry, triton bool) *metrics {
	opts := func(name, help string) prometheus.CounterOpts {
		return prometheus.CounterOpts{Namespace: "flowerctl", Name: name, Help: help}
	}
	hist := func(name, help string, buckets []float64) prometheus.HistogramOpts {
		return prometheus.HistogramOpts{Namespace: "flowerctl", Name: name, Help: help, Buckets: buckets}
	}
	seconds := prometheus.ExponentialBuckets(0.0005, 2, 16) // half a millisecond to 16 s
	sizes := prometheus.ExponentialBuckets(1, 2, 8)
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(opts("requests_total", "Requests by route and status."),
			[]string{"route", "status"}),
		latency: prometheus.NewHistogramVec(hist("request_seconds", "How long requests took.",
			seconds), []string{"route"}),
		pictures: prometheus.NewCounterVec(opts("pictures_total",
			"Pictures by result: answered, refused or failed."), []string{"model", "result"}),
		batches: prometheus.NewHistogramVec(hist("batch_pictures", "Pictures of runs of the network.",
			sizes), []string{"model"}),
		queued: prometheus.NewCounterVec(opts("queue_seconds_total",
			"How long pictures waited for a run, together."), []string{"model"}),
		infer: prometheus.NewHistogramVec(hist("infer_seconds", "How long runs of the network took.",
			seconds), []string{"model"}),
		decode: prometheus.NewHistogram(hist("decode_seconds",
			"How long decoding and resizing a picture took.", seconds)),
		reloads: prometheus.NewCounterVec(opts("reloads_total",
			"Models loaded after the start, by result."), []string{"result"}),
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "flowerctl", Name: "build_info",
		Help: "1, with the versions of the program.", ConstLabels: prometheus.Labels{"version": version,
			"go": runtime.Version()}})
	build.Set(1)
	m.registry.MustRegister(m.requests, m.latency, m.pictures, m.batches, m.queued, m.infer,
		m.decode, m.reloads, build,
		queueCollector{models}, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if triton {
		m.registry.MustRegister(tritonCollector{models})
	}
	return m
}

// request counts a request that was answered.
func (m *metrics) request(route, status string, took time.Duration) {
	m.requests.WithLabelValues(route, status).Inc()
	m.latency.WithLabelValues(route).Observe(took.Seconds())
}

// ran counts a run of the network.
func (m *metrics) ran(model string, r run) {
	m.queued.WithLabelValues(model).Add(r.queued.Seconds())
	m.batches.WithLabelValues(model).Observe(float64(r.pictures))
	m.infer.WithLabelValues(model).Observe(r.took.Seconds())
}

// picture counts a picture that was answered for, or not.
func (m *metrics) picture(model string, err error) {
	result := "answered"
	switch {
	case err != nil && asError(err).Status == http.StatusInternalServerError:
		result = "failed"
	case err != nil:
		result = "refused"
	}
	m.pictures.WithLabelValues(model, result).Inc()
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// queueCollector tells how many pictures wait.
type queueCollector struct{ models *registry }

var queueDesc = prometheus.NewDesc("flowerctl_queue_pictures",
	"Pictures that are admitted and not answered.", []string{"model"}, nil)

func (q queueCollector) Describe(to chan<- *prometheus.Desc) { to <- queueDesc }

func (q queueCollector) Collect(to chan<- prometheus.Metric) {
	q.models.mu.RLock()
	defer q.models.mu.RUnlock()
	for name, e := range q.models.models {
		waiting := 0
		for _, v := range e.versions {
			waiting += v.batcher.waiting()
		}
		to <- prometheus.MustNewConstMetric(queueDesc, prometheus.GaugeValue, float64(waiting), name)
	}
}
