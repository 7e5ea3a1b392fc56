package serve

import (
	"net/http/httptest"
	"strings"
	"testing"

	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/flowerctl/flowerctl/infer/serve/inference"
)

func TestEveryRequestHasItsSpans(t *testing.T) {
	recorder := tracetest.NewSpanRecorder()
	s := served(t, newColourist(),
		Options{Tracer: sdk.NewTracerProvider(sdk.WithSpanProcessor(recorder))})
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	r := sent("POST", web.URL+"/predict/?top=2", painted(t, red), "Traceparent",
		"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	r.RequestURI = ""
	resp, err := web.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	said(t, resp, 200)
	if resp, err := web.Client().Get(web.URL + "/v2/health/ready"); err != nil {
		t.Fatal(err)
	} else {
		resp.Body.Close()
	}
	web.Close() // when handlers have returned, their spans have ended
	var names []string
	for _, span := range recorder.Ended() {
		names = append(names, span.Name())
		want(t, span.SpanContext().TraceID().String(), "0af7651916cd43dd8448eb211c80319c")
	}
	want(t, strings.Join(names, ","), "decode,infer,POST /predict")
	attributes := map[string]string{}
	for _, a := range recorder.Ended()[2].Attributes() {
		attributes[string(a.Key)] = a.Value.String()
	}
	want(t, attributes["http.route"]+" "+attributes["flowerctl.model"]+" "+
		attributes["flowerctl.pictures"], "/predict model 1")
	want(t, attributes["flowerctl.request_id"], resp.Header.Get("X-Request-Id"))
}

func TestEveryCallHasItsSpans(t *testing.T) {
	recorder := tracetest.NewSpanRecorder()
	s := served(t, newColourist(),
		Options{Tracer: sdk.NewTracerProvider(sdk.WithSpanProcessor(recorder))})
	conn := connected(t, s)
	if _, err := inference.NewGRPCInferenceServiceClient(conn).ModelInfer(t.Context(), asked(painted(t, red))); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, span := range recorder.Ended()[:2] { // the call's own may end after the answer
		names = append(names, span.Name())
	}
	want(t, strings.Join(names, ","), "decode,infer")
}
