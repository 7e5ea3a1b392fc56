// Package tracing sends spans to where OpenTelemetry's environment variables say:
// https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
//
// OTEL_EXPORTER_OTLP_ENDPOINT (or that of traces alone) turns it on, and so does
// OTEL_TRACES_EXPORTER=otlp; OTEL_EXPORTER_OTLP_PROTOCOL is http/protobuf, the
// default, or grpc. The rest of them mean what OpenTelemetry says.
package tracing

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// Configured says whether the environment asks for spans.
func Configured() bool {
	if strings.EqualFold(os.Getenv("OTEL_SDK_DISABLED"), "true") {
		return false
	}
	switch os.Getenv("OTEL_TRACES_EXPORTER") {
	case "":
		return os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") != "" ||
			os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") != ""
	case "none":
		return false
	}
	return true
}

const patience = 5 * time.Second

// Start makes what spans are started from, of a program of that name and version. stop
// sends what is left, for at most 5 s. Where the environment asks for nothing the provider is nil.
func Start(ctx context.Context, name, version string) (provider trace.TracerProvider,
	stop func() error, err error) {
	if !Configured() {
		return nil, func() error { return nil }, nil
	}
	if kind := os.Getenv("OTEL_TRACES_EXPORTER"); kind != "" && kind != "otlp" {
		return nil, nil, fmt.Errorf("OTEL_TRACES_EXPORTER: got %q, want otlp or none", kind)
	}
	var exporter sdk.SpanExporter
	switch protocol := cmp.Or(os.Getenv("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"),
		os.Getenv("OTEL_EXPORTER_OTLP_PROTOCOL")); protocol {
	case "", "http/protobuf":
		exporter, err = otlptracehttp.New(ctx)
	case "grpc":
		exporter, err = otlptracegrpc.New(ctx)
	default:
		err = fmt.Errorf("OTEL_EXPORTER_OTLP_PROTOCOL: got %q, want http/protobuf or grpc", protocol)
	}
	if err != nil {
		return nil, nil, err
	}
	about, err := resource.New(ctx, resource.WithTelemetrySDK(), resource.WithAttributes(
		attribute.String("service.name", name), attribute.String("service.version", version)),
		resource.WithFromEnv()) // OTEL_SERVICE_NAME counts for more
	if err != nil {
		return nil, nil, err
	}
	p := sdk.NewTracerProvider(sdk.WithBatcher(exporter), sdk.WithResource(about))
	return p, func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
		defer cancel()
		return p.Shutdown(ctx)
	}, nil
}
