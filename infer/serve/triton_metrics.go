package serve

import (
	"context"
	"errors"
	"maps"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
)

// tritonCollector tells the statistics of models under the names that Triton
// documents, which dashboards know:
// https://docs.nvidia.com/deeplearning/triton-inference-server/user-guide/docs/user_guide/metrics.html
type tritonCollector struct{ models *registry }

// tritonDesc describes a metric of a version of a model.
func tritonDesc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, append([]string{"model", "version"}, labels...), nil)
}

// The metrics. Times are in microseconds, as Triton has them.
var (
	tritonSuccess = tritonDesc("nv_inference_request_success",
		"Number of successful inference requests, all batch sizes")
	tritonFailure = tritonDesc("nv_inference_request_failure",
		"Number of failed inference requests, all batch sizes", "reason")
	tritonCount = tritonDesc("nv_inference_count",
		"Number of inferences performed (does not include cached requests)")
	tritonExecutions = tritonDesc("nv_inference_exec_count",
		"Number of model executions performed (does not include cached requests)")
	tritonPending = tritonDesc("nv_inference_pending_request_count",
		"Instantaneous number of pending requests awaiting execution per-model.")
	tritonRequest = tritonDesc("nv_inference_request_duration_us",
		"Cumulative inference request duration in microseconds (includes cached requests)")
	tritonQueue = tritonDesc("nv_inference_queue_duration_us",
		"Cumulative inference queuing duration in microseconds (includes cached requests)")
	tritonInput = tritonDesc("nv_inference_compute_input_duration_us",
		"Cumulative compute input duration in microseconds (does not include cached requests)")
	tritonInfer = tritonDesc("nv_inference_compute_infer_duration_us",
		"Cumulative compute inference duration in microseconds (does not include cached requests)")
	tritonOutput = tritonDesc("nv_inference_compute_output_duration_us",
		"Cumulative inference compute output duration in microseconds (does not include cached requests)")
)

func (c tritonCollector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{tritonSuccess, tritonFailure, tritonCount, tritonExecutions,
		tritonPending, tritonRequest, tritonQueue, tritonInput, tritonInfer, tritonOutput} {
		to <- d
	}
}

func (c tritonCollector) Collect(to chan<- prometheus.Metric) {
	c.models.mu.RLock()
	var all []*version
	for _, e := range c.models.models {
		for v := range maps.Values(e.versions) {
			all = append(all, v)
		}
	}
	c.models.mu.RUnlock()
	for _, v := range all {
		v.collect(to)
	}
}

func (v *version) collect(to chan<- prometheus.Metric) {
	counts, _ := v.stats.snapshot()
	counter := func(d *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, value,
			append([]string{v.name, v.number}, labels...)...)
	}
	micro := func(s span) float64 { return float64(s.took.Microseconds()) }
	counter(tritonSuccess, float64(counts.success.count))
	for i, reason := range failureReasons {
		counter(tritonFailure, float64(counts.failures[i]), reason)
	}
	counter(tritonCount, float64(counts.pictures))
	counter(tritonExecutions, float64(counts.executions))
	counter(tritonRequest, micro(counts.success))
	counter(tritonQueue, micro(counts.queue))
	counter(tritonInput, micro(counts.decoding))
	counter(tritonInfer, micro(counts.infer))
	counter(tritonOutput, 0) // reading outputs is part of the runs
	to <- prometheus.MustNewConstMetric(tritonPending, prometheus.GaugeValue,
		float64(v.batcher.queued()), v.name, v.number)
}

// failureReasons are Triton's words for why requests fail.
var failureReasons = [...]string{"REJECTED", "CANCELED", "BACKEND", "OTHER"}

// reasonOf is the index of an error's reason.
func reasonOf(err error) int {
	var own *Error
	switch {
	case errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
		return 1
	case !errors.As(err, &own):
		return 2
	case own.Status == http.StatusServiceUnavailable:
		return 0
	}
	return 3
}
