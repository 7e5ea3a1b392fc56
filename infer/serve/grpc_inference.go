package serve

import (
	"context"
	"math"
	"net/http"

	"google.golang.org/protobuf/proto"

	"github.com/flowerctl/flowerctl/infer/serve/inference"
)

// inferenceService answers the calls of the Open Inference Protocol.
type inferenceService struct {
	inference.UnimplementedGRPCInferenceServiceServer
	s *Server
}

func (g *inferenceService) ServerLive(context.Context,
	*inference.ServerLiveRequest) (*inference.ServerLiveResponse, error) {
	return &inference.ServerLiveResponse{Live: true}, nil
}

func (g *inferenceService) ServerReady(context.Context,
	*inference.ServerReadyRequest) (*inference.ServerReadyResponse, error) {
	return &inference.ServerReadyResponse{Ready: g.s.Ready()}, nil
}

func (g *inferenceService) ServerMetadata(context.Context,
	*inference.ServerMetadataRequest) (*inference.ServerMetadataResponse, error) {
	return &inference.ServerMetadataResponse{Name: serverName, Version: g.s.options.Version,
		Extensions: extensions}, nil
}

// use is the version that a call names.
func (g *inferenceService) use(ctx context.Context, name, number string) (*version, func(), error) {
	if name == "" {
		return nil, nil, badf("no model named")
	}
	v, leave, err := g.s.models.use(name, number)
	if err == nil {
		exchangeOf(ctx).model = v.name
	}
	return v, leave, err
}

// ModelReady says of a model that is not there that it is not ready, as Triton does:
// clients wait for models that way.
func (g *inferenceService) ModelReady(ctx context.Context,
	r *inference.ModelReadyRequest) (*inference.ModelReadyResponse, error) {
	_, leave, err := g.use(ctx, r.GetName(), r.GetVersion())
	if err != nil {
		if status := asError(err).Status; status == readyStatus(false) || status == http.StatusNotFound {
			return &inference.ModelReadyResponse{}, nil
		}
		return nil, err
	}
	leave()
	return &inference.ModelReadyResponse{Ready: true}, nil
}

func (g *inferenceService) ModelMetadata(ctx context.Context,
	r *inference.ModelMetadataRequest) (*inference.ModelMetadataResponse, error) {
	v, leave, err := g.use(ctx, r.GetName(), r.GetVersion())
	if err != nil {
		return nil, err
	}
	defer leave()
	m := g.s.metadata(v)
	return &inference.ModelMetadataResponse{Name: m.Name, Versions: m.Versions, Platform: m.Platform,
		Inputs: tensorMessages(m.Inputs), Outputs: tensorMessages(m.Outputs)}, nil
}

func tensorMessages(tensors []tensorMetadata) (
	result []*inference.ModelMetadataResponse_TensorMetadata) {

	for _, t := range tensors {
		result = append(result, &inference.ModelMetadataResponse_TensorMetadata{Name: t.Name,
			Datatype: t.Datatype, Shape: t.Shape})
	}
	return result
}

func (g *inferenceService) ModelConfig(ctx context.Context,
	r *inference.ModelConfigRequest) (*inference.ModelConfigResponse, error) {
	v, leave, err := g.use(ctx, r.GetName(), r.GetVersion())
	if err != nil {
		return nil, err
	}
	defer leave()
	c := v.config()
	config := &inference.ModelConfig{Name: c.Name, Platform: c.Platform, Backend: c.Backend,
		MaxBatchSize: int32(c.MaxBatch)}
	for _, t := range c.Inputs {
		config.Input = append(config.Input, &inference.ModelInput{Name: t.Name,
			DataType: inference.DataType(inference.DataType_value[t.Type]), Dims: t.Dims})
	}
	for _, t := range c.Outputs {
		config.Output = append(config.Output, &inference.ModelOutput{Name: t.Name,
			DataType: inference.DataType(inference.DataType_value[t.Type]), Dims: t.Dims})
	}
	return &inference.ModelConfigResponse{Config: config}, nil
}

func (g *inferenceService) ModelInfer(ctx context.Context,
	r *inference.ModelInferRequest) (*inference.ModelInferResponse, error) {
	v, leave, err := g.use(ctx, r.GetModelName(), r.GetModelVersion())
	if err != nil {
		return nil, err
	}
	defer leave()
	q, err := questionOf(r, g.s.options.Limits.Pictures)
	if err != nil {
		return nil, err
	}
	room, ok := v.batcher.admit()
	if !ok {
		return nil, errFull
	}
	held := int64(proto.Size(r))
	if !g.s.bodies.take(held) {
		room.release()
		return nil, busy(errBodies.Error())
	}
	r.Reset() // the question has what is needed of it
	tensors, err := g.s.inferred(ctx, v, q, order{room: room,
		body: func() { g.s.bodies.give(held) }})
	if err != nil {
		return nil, err
	}
	answer := &inference.ModelInferResponse{ModelName: v.name, ModelVersion: v.number, Id: q.id}
	for _, t := range tensors {
		answer.Outputs = append(answer.Outputs, &inference.ModelInferResponse_InferOutputTensor{
			Name: outputName, Datatype: t.datatype, Shape: t.shape})
		answer.RawOutputContents = append(answer.RawOutputContents, t.raw())
	}
	return answer, nil
}

// questionOf reads a message. It holds on to its bytes.
func questionOf(r *inference.ModelInferRequest, most int) (*question, error) {
	if len(r.GetInputs()) != 1 {
		return nil, badf("got %d inputs, want one", len(r.GetInputs()))
	}
	in := r.GetInputs()[0]
	q := &question{id: r.GetId(), input: in.GetName(), datatype: in.GetDatatype(),
		shape: in.GetShape()}
	if in.GetParameters()[sharedMemory] != nil {
		return nil, errShared
	}
	for _, o := range r.GetOutputs() {
		asked := o.GetParameters()
		if asked[sharedMemory] != nil {
			return nil, errShared
		}
		classes := asked["classification"].GetInt64Param()
		_, isNumber := asked["classification"].GetParameterChoice().(*inference.InferParameter_Int64Param)
		if asked["classification"] != nil && !isNumber || classes < 0 || classes > math.MaxInt32 {
			return nil, badf("parameter classification: want an int64_param from 0 to %d", math.MaxInt32)
		}
		q.outputs = append(q.outputs, wanted{name: o.GetName(), classes: int(classes)})
	}
	if raw := r.GetRawInputContents(); len(raw) > 0 {
		return q, q.setRaw(in, raw, most)
	}
	return q, q.setContents(in, most)
}

// setRaw reads an input's values from their binary form.
func (q *question) setRaw(in *inference.ModelInferRequest_InferInputTensor, raw [][]byte,
	most int) (err error) {
	switch {
	case len(raw) != 1:
		return badf("got %d raw_input_contents, want one", len(raw))
	case in.GetContents() != nil:
		return badf("input %s: got contents and raw_input_contents, want one of them",
			oneLine(in.GetName()))
	case q.datatype == typeBytes:
		q.elements, err = elementsOf(raw[0], most)
		return err
	}
	q.pixels = raw[0]
	return nil
}

// setContents reads an input's values from their typed form.
func (q *question) setContents(in *inference.ModelInferRequest_InferInputTensor, most int) error {
	switch q.datatype {
	case typeBytes:
		if q.elements = in.GetContents().GetBytesContents(); len(q.elements) > most {
			return errorf(statusTooLarge, "got %d pictures in a request, at most %d are answered",
				len(q.elements), most)
		}
	case typeUint8:
		values := in.GetContents().GetUintContents()
		q.pixels = make([]byte, len(values))
		for i, v := range values {
			if v > math.MaxUint8 {
				return badf("input %s: value %d: got %d, want 0 to 255", oneLine(in.GetName()), i, v)
			}
			q.pixels[i] = byte(v)
		}
	}
	return nil // other types are refused by whoever knows the model
}

func (g *inferenceService) ModelStatistics(_ context.Context,
	r *inference.ModelStatisticsRequest) (*inference.ModelStatisticsResponse, error) {
	stats, err := g.s.statsOf(r.GetName(), r.GetVersion())
	if err != nil {
		return nil, err
	}
	answer := new(inference.ModelStatisticsResponse)
	for _, m := range stats.Models {
		i := m.Inference
		message := &inference.ModelStatistics{Name: m.Name, Version: m.Version,
			LastInference:  uint64(m.Last),
			InferenceCount: uint64(m.Inferences), ExecutionCount: uint64(m.Executions),
			InferenceStats: &inference.InferStatistics{Success: i.Success.message(), Fail: i.Fail.message(),
				Queue: i.Queue.message(), ComputeInput: i.Input.message(), ComputeInfer: i.Infer.message(),
				ComputeOutput: i.Output.message(), CacheHit: i.Hit.message(), CacheMiss: i.Miss.message()}}
		for _, b := range m.Batches {
			message.BatchStats = append(message.BatchStats,
				&inference.InferBatchStatistics{BatchSize: uint64(b.Size),
					ComputeInput: b.Input.message(), ComputeInfer: b.Infer.message(),
					ComputeOutput: b.Output.message()})
		}
		answer.ModelStats = append(answer.ModelStats, message)
	}
	return answer, nil
}

func (d duration) message() *inference.StatisticDuration {
	return &inference.StatisticDuration{Count: uint64(d.Count), Ns: uint64(d.Nanos)}
}

func (g *inferenceService) RepositoryIndex(_ context.Context,
	r *inference.RepositoryIndexRequest) (*inference.RepositoryIndexResponse, error) {
	answer := new(inference.RepositoryIndexResponse)
	for _, line := range g.s.models.index(r.GetReady()) {
		answer.Models = append(answer.Models, &inference.RepositoryIndexResponse_ModelIndex{
			Name: line.Name, Version: line.Version, State: line.State, Reason: line.Reason})
	}
	return answer, nil
}
