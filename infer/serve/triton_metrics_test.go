package serve

import (
	"context"
	"errors"
	"strings"
	"testing"
)

func TestMetricsUnderTritonsNames(t *testing.T) {
	c := newColourist()
	s := served(t, c, Options{TritonMetrics: true})
	said(t, answerTo(s, sent("POST", "/predict", painted(t, red))), 200)
	body, kind := parts(t, painted(t, red), painted(t, green))
	said(t, answerTo(s, sent("POST", "/predict", body, "Content-Type", kind)), 200)
	said(t, answerTo(s, sent("POST", "/predict", painted(t, red), timeoutHeader, "1ns")), 504)
	text := said(t, answerTo(s, sent("GET", "/metrics", nil)), 200)
	for _, line := range []string{
		`nv_inference_request_success{model="model",version="1"} 2`,
		`nv_inference_request_failure{model="model",reason="CANCELED",version="1"} `,
		`nv_inference_request_failure{model="model",reason="REJECTED",version="1"} 0`,
		`nv_inference_count{model="model",version="1"} 3`,
		`nv_inference_exec_count{model="model",version="1"} `,
		`nv_inference_pending_request_count{model="model",version="1"} 0`,
		`nv_inference_request_duration_us{model="model",version="1"} `,
		`nv_inference_queue_duration_us{model="model",version="1"} `,
		`nv_inference_compute_input_duration_us{model="model",version="1"} `,
		`nv_inference_compute_infer_duration_us{model="model",version="1"} `,
		`nv_inference_compute_output_duration_us{model="model",version="1"} `,
	} {
		if !strings.Contains(text, "\n"+line) {
			t.Errorf("/metrics lacks %s", line)
		}
	}
	plain := said(t, answerTo(served(t, c, Options{}), sent("GET", "/metrics", nil)), 200)
	if strings.Contains(plain, "nv_") {
		t.Error("Triton's names are there without being asked for")
	}
}

func TestWhyRequestsFail(t *testing.T) {
	for want, err := range map[string]error{"REJECTED": busy("full"), "CANCELED": context.DeadlineExceeded,
		"OTHER": badf("no"), "BACKEND": errors.New("the network broke")} {
		if got := failureReasons[reasonOf(err)]; got != want {
			t.Errorf("%v: got %s, want %s", err, got, want)
		}
	}
}
