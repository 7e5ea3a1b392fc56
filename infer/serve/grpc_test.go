package serve

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/proto"

	"github.com/flowerctl/flowerctl/infer/serve/inference"
)

// connected is a connection to a server's gRPC.
func connected(t testing.TB, s *Server) *grpc.ClientConn {
	t.Helper()
	l := bufconn.Listen(1 << 20)
	g := s.GRPC(nil)
	go g.Serve(l)
	t.Cleanup(g.Stop)
	c, err := grpc.NewClient("passthrough:///serve",
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
			return l.DialContext(ctx)
		}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// served is a server with one model.
func served(t testing.TB, c Classifier, o Options) *Server {
	t.Helper()
	s := New(o)
	if err := s.Put(t.Context(), "model", "1", &Model{Classifier: c}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// asked is a request for pictures.
func asked(pictures ...[]byte) *inference.ModelInferRequest {
	return &inference.ModelInferRequest{ModelName: "model", Id: "7",
		Inputs: []*inference.ModelInferRequest_InferInputTensor{{Name: "image", Datatype: "BYTES",
			Shape:    []int64{int64(len(pictures))},
			Contents: &inference.InferTensorContents{BytesContents: pictures}}}}
}

func TestInferOverGRPC(t *testing.T) {
	client := inference.NewGRPCInferenceServiceClient(connected(t,
		served(t, newColourist(), Options{})))
	typed := asked(painted(t, green), painted(t, blue))
	raw := asked(painted(t, green), painted(t, blue))
	raw.Inputs[0].Contents, raw.RawInputContents = nil, [][]byte{framed(painted(t, green),
		painted(t, blue))}
	pixels := asked()
	pixels.Inputs[0].Datatype, pixels.Inputs[0].Shape = "UINT8", []int64{2, 1, 1, 3}
	pixels.Inputs[0].Contents = &inference.InferTensorContents{UintContents: []uint32{0, 255, 0, 0,
		0, 255}}
	rawPixels := asked()
	rawPixels.Inputs[0].Datatype, rawPixels.Inputs[0].Shape = "UINT8", []int64{2, 1, 1, 3}
	rawPixels.Inputs[0].Contents, rawPixels.RawInputContents = nil, [][]byte{{0, 255, 0, 0, 0, 255}}
	for _, r := range []*inference.ModelInferRequest{typed, raw, pixels, rawPixels} {
		answer, err := client.ModelInfer(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		want(t, fmt.Sprint(numbers(t, answer.RawOutputContents[0])),
			"[0.003875969 0.99224806 0.003875969 0.003875969 0.003875969 0.99224806]")
		want(t, fmt.Sprint(answer.Id, answer.ModelName, answer.ModelVersion, answer.Outputs[0].Shape,
			answer.Outputs[0].Datatype), "7model1[2 3]FP32")
	}
	typed.Outputs = []*inference.ModelInferRequest_InferRequestedOutputTensor{{Name: "probabilities",
		Parameters: map[string]*inference.InferParameter{"classification": {ParameterChoice: &inference.InferParameter_Int64Param{Int64Param: 1}}}}}
	answer, err := client.ModelInfer(t.Context(), typed)
	if err != nil {
		t.Fatal(err)
	}
	want(t, string(answer.RawOutputContents[0]),
		"\x10\x00\x00\x000.992248:1:green\x0f\x00\x00\x000.992248:2:blue")
}

func TestWhatIsWrongWithACall(t *testing.T) {
	client := inference.NewGRPCInferenceServiceClient(connected(t,
		served(t, newColourist(), Options{Limits: Limits{Pictures: 2, TensorBody: 1 << 20}})))
	change := func(f func(*inference.ModelInferRequest)) *inference.ModelInferRequest {
		r := asked(painted(t, red))
		f(r)
		return r
	}
	classified := func(n int64) *inference.ModelInferRequest {
		return change(func(r *inference.ModelInferRequest) {
			r.Outputs = outputWith("classification", &inference.InferParameter{
				ParameterChoice: &inference.InferParameter_Int64Param{Int64Param: n}})
		})
	}
	for _, c := range []struct {
		r    *inference.ModelInferRequest
		code codes.Code
		text string
	}{
		{change(func(r *inference.ModelInferRequest) { r.ModelName = "other" }), codes.NotFound,
			`no model "other"`},
		{change(func(r *inference.ModelInferRequest) { r.ModelName = "" }), codes.InvalidArgument,
			"no model named"},
		{change(func(r *inference.ModelInferRequest) { r.Inputs = nil }), codes.InvalidArgument,
			"got 0 inputs"},
		{change(func(r *inference.ModelInferRequest) { r.RawInputContents = [][]byte{{1}} }),
			codes.InvalidArgument, "want one of them"},
		{change(func(r *inference.ModelInferRequest) { r.Inputs[0].Datatype = "FP32" }),
			codes.InvalidArgument, "want BYTES"},
		{change(func(r *inference.ModelInferRequest) { r.Inputs[0].Contents = nil }),
			codes.InvalidArgument, "got 0 elements"},
		{change(func(r *inference.ModelInferRequest) { r.Inputs[0].Shape = []int64{-1} }),
			codes.InvalidArgument, "want [N]"},
		{change(func(r *inference.ModelInferRequest) {
			r.Inputs[0].Parameters = map[string]*inference.InferParameter{"shared_memory_region": {}}
		}), codes.InvalidArgument, "shared memory"},
		{change(func(r *inference.ModelInferRequest) { r.Outputs = outputWith("shared_memory_region", nil) }),
			codes.InvalidArgument, "shared memory"},
		{change(func(r *inference.ModelInferRequest) {
			r.Outputs = outputWith("classification", &inference.InferParameter{
				ParameterChoice: &inference.InferParameter_StringParam{StringParam: "2"}})
		}), codes.InvalidArgument, "want an int64_param"},
		{classified(-1), codes.InvalidArgument, "want an int64_param"},
		{classified(1 << 31), codes.InvalidArgument, "want an int64_param"},
		{asked([]byte("x"), []byte("x"), []byte("x")), codes.ResourceExhausted, "at most 2"},
		{asked([]byte("x")), codes.InvalidArgument, "not an image"},
		{asked(make([]byte, 3<<20)), codes.ResourceExhausted, "larger than max"},
	} {
		_, err := client.ModelInfer(t.Context(), c.r)
		if status.Code(err) != c.code || !strings.Contains(fmt.Sprint(err), c.text) {
			t.Errorf("got %v, want %v with %q", err, c.code, c.text)
		}
	}
}

// outputWith asks for the output with a parameter.
func outputWith(name string,
	p *inference.InferParameter) []*inference.ModelInferRequest_InferRequestedOutputTensor {

	if p == nil {
		p = new(inference.InferParameter)
	}
	return []*inference.ModelInferRequest_InferRequestedOutputTensor{{Name: outputName,
		Parameters: map[string]*inference.InferParameter{name: p}}}
}

func TestOtherCalls(t *testing.T) {
	conn := connected(t, served(t, newColourist(), Options{Version: "1.2"}))
	client := inference.NewGRPCInferenceServiceClient(conn)
	var texts []string
	add := func(m proto.Message, err error) {
		if err != nil {
			t.Error(err)
			return
		}
		texts = append(texts, strings.ReplaceAll(fmt.Sprint(m), "  ", " ")) // protobuf varies its spaces
	}
	add(client.ServerLive(t.Context(), &inference.ServerLiveRequest{}))
	add(client.ServerReady(t.Context(), &inference.ServerReadyRequest{}))
	add(client.ModelReady(t.Context(), &inference.ModelReadyRequest{Name: "model"}))
	add(client.RepositoryIndex(t.Context(), &inference.RepositoryIndexRequest{}))
	add(client.ModelMetadata(t.Context(),
		&inference.ModelMetadataRequest{Name: "model", Version: "1"}))
	add(client.ModelConfig(t.Context(), &inference.ModelConfigRequest{Name: "model"}))
	health := grpc_health_v1.NewHealthClient(conn)
	add(health.Check(t.Context(), &grpc_health_v1.HealthCheckRequest{}))
	add(health.Check(t.Context(), &grpc_health_v1.HealthCheckRequest{Service: "model"}))
	want(t, strings.Join(texts, "\n"), `live:true
ready:true
ready:true
models:{name:"model" version:"1" state:"READY"}
name:"model" versions:"1" platform:"onnxruntime_onnx" inputs:{name:"image" datatype:"BYTES" shape:-1} outputs:{name:"probabilities" datatype:"FP32" shape:-1 shape:3}
config:{name:"model" platform:"onnxruntime_onnx" input:{name:"image" data_type:TYPE_STRING dims:-1} output:{name:"probabilities" data_type:TYPE_FP32 dims:-1 dims:3} backend:"onnxruntime"}
status:SERVING
status:SERVING`)
	empty := New(Options{})
	t.Cleanup(empty.Close)
	empty.Expect("model")
	unready := inference.NewGRPCInferenceServiceClient(connected(t, empty))
	if ready, err := unready.ModelReady(t.Context(), &inference.ModelReadyRequest{Name: "model"}); err != nil ||
		ready.GetReady() {
		t.Errorf("no model yet: got %v, %v, want not ready", ready, err)
	}
	for _, r := range []*inference.ModelReadyRequest{{Name: "other"}, {Name: "model", Version: "2"}} {
		if ready, err := client.ModelReady(t.Context(), r); err != nil || ready.GetReady() {
			t.Errorf("%v: got %v, %v, want not ready", r, ready, err)
		}
	}
	if _, err := client.ModelInfer(t.Context(), asked(painted(t, red))); err != nil {
		t.Fatal(err)
	}
	stats, err := client.ModelStatistics(t.Context(), &inference.ModelStatisticsRequest{Name: "model"})
	if err != nil || stats.ModelStats[0].InferenceCount != 1 ||
		stats.ModelStats[0].InferenceStats.Success.Count != 1 {
		t.Errorf("got %v, %v", stats, err)
	}
	if _, err := health.Check(t.Context(),
		&grpc_health_v1.HealthCheckRequest{Service: "other"}); status.Code(err) != codes.NotFound {
		t.Errorf("got %v, want NotFound", err)
	}
	err = conn.Invoke(t.Context(), "/inference.GRPCInferenceService/RepositoryModelLoad",
		&inference.ServerLiveRequest{}, &inference.ServerLiveResponse{})
	if status.Code(err) != codes.Unimplemented {
		t.Errorf("got %v, want Unimplemented", err)
	}
	stream, err := grpc_reflection_v1.NewServerReflectionClient(conn).ServerReflectionInfo(t.Context())
	if err == nil {
		err = stream.Send(&grpc_reflection_v1.ServerReflectionRequest{MessageRequest: &grpc_reflection_v1.ServerReflectionRequest_ListServices{}})
	}
	if err == nil {
		var answer *grpc_reflection_v1.ServerReflectionResponse
		if answer, err = stream.Recv(); err == nil &&
			!strings.Contains(fmt.Sprint(answer), "inference.GRPCInferenceService") {
			t.Errorf("reflection says %v", answer)
		}
	}
	if err != nil {
		t.Error(err)
	}
}
