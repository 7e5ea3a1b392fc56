package serve

import (
	"context"
	"fmt"
	"net/http"
	"path"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/reflection"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/tap"

	"github.com/flowerctl/flowerctl/infer/serve/inference"
)

// GRPC makes a gRPC server that answers with the same models: the Open Inference
// Protocol v2, health and reflection. The credentials may be nil. Compressed messages
// are refused.
func (s *Server) GRPC(credentials credentials.TransportCredentials) *grpc.Server {
	const (
		besides = 1 << 20 // bytes of a message that are not the tensor's
		streams = 256     // requests of a connection at a time
	)
	options := []grpc.ServerOption{
		grpc.MaxRecvMsgSize(int(s.options.Limits.TensorBody + besides)),
		grpc.MaxConcurrentStreams(streams),
		grpc.ConnectionTimeout(headerTimeout),
		grpc.KeepaliveParams(keepalive.ServerParameters{MaxConnectionIdle: idleTimeout}),
		grpc.InTapHandle(s.enter),
		grpc.UnaryInterceptor(s.call),
	}
	if calls := s.options.calls(); calls != nil {
		options = append(options, grpc.StatsHandler(calls))
	}
	if credentials != nil {
		options = append(options, grpc.Creds(credentials))
	}
	g := grpc.NewServer(options...)
	inference.RegisterGRPCInferenceServiceServer(g, &inferenceService{s: s})
	grpc_health_v1.RegisterHealthServer(g, &healthService{s: s})
	reflection.Register(g)
	return g
}

// openCalls need no key.
var openCalls = map[string]bool{
	grpc_health_v1.Health_Check_FullMethodName:                true,
	inference.GRPCInferenceService_ServerLive_FullMethodName:  true,
	inference.GRPCInferenceService_ServerReady_FullMethodName: true,
}

// enter refuses calls without a key before their message is read.
func (s *Server) enter(ctx context.Context, info *tap.Info) (context.Context, error) {
	e := &exchange{id: requestID(first(info.Header, "x-request-id"))}
	if p, ok := peer.FromContext(ctx); ok {
		e.client = address(p.Addr.String())
	}
	if s.options.Keys != nil && !openCalls[info.FullMethodName] {
		client, ok := s.options.Keys.client(first(info.Header, "authorization"),
			first(info.Header, "x-api-key"))
		if !ok {
			return nil, status.Error(codes.Unauthenticated,
				"no such key: want authorization: Bearer KEY, or x-api-key: KEY")
		}
		e.client = client
	}
	return context.WithValue(ctx, exchangeKey{}, e), nil
}

// first is the first value of a header.
func first(md metadata.MD, name string) string {
	if values := md.Get(name); len(values) > 0 {
		return values[0]
	}
	return ""
}

// call runs a call within its deadline, counts and logs it, and puts its error into
// gRPC's terms. A panic is an error like another: it must not end the process.
func (s *Server) call(ctx context.Context, request any, info *grpc.UnaryServerInfo,
	handler grpc.UnaryHandler) (answer any, err error) {
	start := time.Now()
	ctx, cancel := context.WithTimeout(ctx, s.options.Limits.Timeout)
	defer cancel()
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
		var code codes.Code
		failure := err
		if err != nil {
			told := asError(err)
			code = codeOf(told.Status)
			err = status.Error(code, oneLine(told.Text))
		}
		e := exchangeOf(ctx)
		route := "grpc " + path.Base(info.FullMethod)
		took := time.Since(start)
		if code == codes.Internal {
			s.log.Error("request failed", "id", e.id, "error", failure)
		}
		s.metrics.request(route, code.String(), took)
		s.log.Info("request", "id", e.id, "client", e.client, "method", "grpc", "route", route,
			"status", code.String(),
			"seconds", took.Seconds(), "model", e.model, "pictures", e.pictures, "error", text(failure))
	}()
	return handler(ctx, request)
}

// codeOf is gRPC's code for a status of HTTP.
func codeOf(httpStatus int) codes.Code {
	switch httpStatus {
	case http.StatusNotFound:
		return codes.NotFound
	case http.StatusRequestEntityTooLarge, http.StatusTooManyRequests:
		return codes.ResourceExhausted
	case http.StatusServiceUnavailable:
		return codes.Unavailable
	case http.StatusGatewayTimeout:
		return codes.DeadlineExceeded
	case statusClosed:
		return codes.Canceled
	case http.StatusInternalServerError:
		return codes.Internal
	}
	return codes.InvalidArgument
}

// healthService says whether the server, or the model that the service's name is, is
// ready.
type healthService struct {
	grpc_health_v1.UnimplementedHealthServer
	s *Server
}

func (h *healthService) Check(_ context.Context,
	r *grpc_health_v1.HealthCheckRequest) (*grpc_health_v1.HealthCheckResponse, error) {
	ready := h.s.Ready()
	if name := r.GetService(); name != "" &&
		name != inference.GRPCInferenceService_ServiceDesc.ServiceName {
		_, leave, err := h.s.models.use(name, "")
		if err != nil && asError(err).Status == http.StatusNotFound {
			return nil, err
		}
		if ready = err == nil; ready {
			leave()
		}
	}
	if ready {
		return &grpc_health_v1.HealthCheckResponse{
			Status: grpc_health_v1.HealthCheckResponse_SERVING,
		}, nil
	}
	return &grpc_health_v1.HealthCheckResponse{
		Status: grpc_health_v1.HealthCheckResponse_NOT_SERVING,
	}, nil
}
