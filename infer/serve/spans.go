package serve

import (
	"context"
	"net/http"
	"strings"

	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc/filters"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
	"google.golang.org/grpc/stats"
)

// The names of what spans come from, and of what they say beside OpenTelemetry's own.
const (
	scope        = "github.com/flowerctl/flowerctl/infer/serve"
	spanDecode   = "decode"
	spanInfer    = "infer" // waiting for a run, and the run
	keyModel     = attribute.Key("flowerctl.model")
	keyPictures  = attribute.Key("flowerctl.pictures")
	keyRequestID = attribute.Key("flowerctl.request_id")
)

// propagator takes over the trace of whoever asks.
var propagator = propagation.NewCompositeTextMapPropagator(propagation.TraceContext{},
	propagation.Baggage{})

// tracer is what spans are started from; they cost nothing where nobody wants them.
func (o *Options) tracer() trace.Tracer {
	if o.Tracer == nil {
		return noop.NewTracerProvider().Tracer(scope)
	}
	return o.Tracer.Tracer(scope)
}

// traced makes a span of each request but those of probes.
func (o *Options) traced(h http.Handler) http.Handler {
	if o.Tracer == nil {
		return h
	}
	return otelhttp.NewHandler(h, serverName, otelhttp.WithTracerProvider(o.Tracer),
		otelhttp.WithMeterProvider(metricnoop.NewMeterProvider()),
		otelhttp.WithPropagators(propagator),
		otelhttp.WithFilter(func(r *http.Request) bool {
			return r.URL.Path != "/metrics" && !strings.HasPrefix(r.URL.Path, "/v2/health/")
		}))
}

// calls makes a span of each call of gRPC but those of probes; nil for none.
func (o *Options) calls() stats.Handler {
	if o.Tracer == nil {
		return nil
	}
	return otelgrpc.NewServerHandler(otelgrpc.WithTracerProvider(o.Tracer),
		otelgrpc.WithMeterProvider(metricnoop.NewMeterProvider()),
		otelgrpc.WithPropagators(propagator),
		otelgrpc.WithFilter(filters.Not(filters.HealthCheck())))
}

// nameSpan says in a request's span which route it took.
func nameSpan(ctx context.Context, method, path, id string) {
	if span := trace.SpanFromContext(ctx); span.IsRecording() {
		span.SetName(method + " " + path)
		span.SetAttributes(attribute.String("http.route", path), keyRequestID.String(id))
	}
}

// describeSpan says in a request's span what was asked.
func describeSpan(ctx context.Context, model string, pictures int) {
	if span := trace.SpanFromContext(ctx); span.IsRecording() {
		span.SetAttributes(keyModel.String(model), keyPictures.Int(pictures))
	}
}
