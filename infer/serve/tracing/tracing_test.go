package tracing

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestNothingIsSentUnlessAskedFor(t *testing.T) {
	for _, variables := range []map[string]string{
		{},
		{"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"},
		{"OTEL_SDK_DISABLED": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"},
	} {
		environment(t, variables)
		provider, stop, err := Start(t.Context(), "flowerctl", "1")
		if provider != nil || err != nil {
			t.Errorf("%v: got %v, %v", variables, provider, err)
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
	}
	for variable, value := range map[string]string{"OTEL_TRACES_EXPORTER": "zipkin",
		"OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"} {
		environment(t, map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1",
			variable: value})
		if _, _, err := Start(t.Context(), "flowerctl", "1"); err == nil ||
			!strings.HasPrefix(err.Error(), variable+": got ") {
			t.Errorf("%s=%s: got %v", variable, value, err)
		}
	}
}

// environment is OpenTelemetry's, and nothing else of it.
func environment(t *testing.T, variables map[string]string) {
	t.Helper()
	for _, name := range []string{"OTEL_TRACES_EXPORTER", "OTEL_SDK_DISABLED",
		"OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
		"OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_SERVICE_NAME"} {
		t.Setenv(name, variables[name])
	}
}

func TestSpansAreSent(t *testing.T) {
	got := make(chan string, 10)
	collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got <- r.URL.Path + " " + string(body)
		w.Header().Set("Content-Type", "application/x-protobuf")
	}))
	defer collector.Close()
	environment(t, map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": collector.URL,
		"OTEL_SERVICE_NAME": "greenhouse"})
	provider, stop, err := Start(t.Context(), "flowerctl", "0.2")
	if err != nil {
		t.Fatal(err)
	}
	_, span := provider.Tracer("test").Start(t.Context(), "watering")
	span.End()
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	sent := <-got
	for _, part := range []string{"/v1/traces ", "watering", "greenhouse", "0.2"} {
		if !strings.Contains(sent, part) {
			t.Errorf("the collector got %q, want %q in it", sent, part)
		}
	}
}
