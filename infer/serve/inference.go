package serve

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// inferenceRoutes are those of the Open Inference Protocol v2.
func (s *Server) inferenceRoutes() []route {
	routes := []route{
		{"GET", "/v2", false, s.serverMetadata},
		{"GET", "/v2/health/live", true, s.live},
		{"GET", "/v2/health/ready", true, s.isReady},
		{"GET", "/v2/models/stats", false, s.statistics},
		{"POST", "/v2/repository/index", false, s.repositoryIndex},
	}
	for _, path := range []string{"/v2/models/{model}", "/v2/models/{model}/versions/{version}"} {
		routes = append(routes,
			route{"GET", path, false, s.modelMetadata},
			route{"GET", path + "/ready", false, s.modelReady},
			route{"GET", path + "/config", false, s.modelConfig},
			route{"GET", path + "/stats", false, s.statistics},
			route{"POST", path + "/infer", false, s.infer})
	}
	return routes
}

// serverName is what the server calls itself.
const serverName = "flowerctl"

// extensions are those of the protocol that are on.
var extensions = []string{"binary_tensor_data", "classification", "statistics",
	"model_configuration"}

type serverMetadata struct {
	Name       string   `json:"name"`
	Version    string   `json:"version"`
	Extensions []string `json:"extensions"`
}

func (s *Server) serverMetadata(w http.ResponseWriter, _ *http.Request) error {
	writeJSON(w, http.StatusOK, serverMetadata{serverName, s.options.Version, extensions})
	return nil
}

type liveness struct {
	Live bool `json:"live"`
}

func (s *Server) live(w http.ResponseWriter, _ *http.Request) error {
	writeJSON(w, http.StatusOK, liveness{true})
	return nil
}

type readiness struct {
	Name  string `json:"name,omitempty"`
	Ready bool   `json:"ready"`
}

// readyStatus is what probes look at.
func readyStatus(ready bool) int {
	if ready {
		return http.StatusOK
	}
	return http.StatusServiceUnavailable
}

func (s *Server) isReady(w http.ResponseWriter, _ *http.Request) error {
	ready := s.Ready()
	writeJSON(w, readyStatus(ready), readiness{Ready: ready})
	return nil
}

func (s *Server) modelReady(w http.ResponseWriter, r *http.Request) error {
	v, leave, err := s.named(r)
	if err != nil && asError(err).Status != http.StatusServiceUnavailable {
		return err
	}
	if err == nil {
		leave()
	}
	writeJSON(w, readyStatus(v != nil), readiness{r.PathValue("model"), v != nil})
	return nil
}

// named is the version that a request's path names.
func (s *Server) named(r *http.Request) (*version, func(), error) {
	name := r.PathValue("model")
	if name == "" {
		return nil, nil, errorf(http.StatusNotFound, "no model named")
	}
	v, leave, err := s.models.use(name, r.PathValue("version"))
	if err == nil {
		exchangeOf(r.Context()).model = v.name
	}
	return v, leave, err
}

type tensorMetadata struct {
	Name     string  `json:"name"`
	Datatype string  `json:"datatype"`
	Shape    []int64 `json:"shape"`
}

type modelMetadata struct {
	Name     string           `json:"name"`
	Versions []string         `json:"versions"`
	Platform string           `json:"platform"`
	Inputs   []tensorMetadata `json:"inputs"`
	Outputs  []tensorMetadata `json:"outputs"`
}

// platform is Triton's name for ONNX files that onnxruntime runs.
const platform = "onnxruntime_onnx"

// metadata describes a model. Of the two types of input that it takes, the pictures
// stand there, since they need no other knowledge of the model.
func (s *Server) metadata(v *version) modelMetadata {
	return modelMetadata{Name: v.name, Versions: s.models.numbersOf(v.name), Platform: platform,
		Inputs:  []tensorMetadata{{v.Input, typeBytes, []int64{-1}}},
		Outputs: []tensorMetadata{{outputName, typeFloat, []int64{-1, int64(len(v.labels))}}}}
}

func (s *Server) modelMetadata(w http.ResponseWriter, r *http.Request) error {
	v, leave, err := s.named(r)
	if err != nil {
		return err
	}
	defer leave()
	writeJSON(w, http.StatusOK, s.metadata(v))
	return nil
}

// infer answers for the pictures of a tensor.
func (s *Server) infer(w http.ResponseWriter, r *http.Request) error {
	v, leave, err := s.named(r)
	if err != nil {
		return err
	}
	defer leave()
	room, ok := v.batcher.admit()
	if !ok { // before the body is read
		return errFull
	}
	body, release, err := s.readBody(w, r, s.options.Limits.TensorBody)
	if err != nil {
		room.release()
		return err
	}
	o := order{room: room, body: release}
	q, err := s.question(r, v, body)
	if err != nil {
		o.release()
		return err
	}
	tensors, err := s.inferred(r.Context(), v, q, o)
	if err != nil {
		return err
	}
	head, rest, err := encodeInfer(v, q.id, tensors)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	if rest != nil {
		h.Set("Content-Type", "application/octet-stream")
		h.Set(headLength, strconv.Itoa(len(head)))
	}
	h.Set("Content-Length", strconv.Itoa(len(head)+len(rest)))
	w.Write(append(head, rest...)) // a client that went away does not hear of it
	return nil
}

// question reads what a body asks.
func (s *Server) question(r *http.Request, v *version, body []byte) (*question, error) {
	head, rest, isPicture, err := cutBody(r.Header.Get(headLength), body)
	if err != nil {
		return nil, err
	}
	if isPicture {
		return pictureQuestion(v, rest,
			strings.Contains(r.Header.Get("Accept"), "application/octet-stream")), nil
	}
	return parseInfer(head, rest, s.options.Limits.Pictures)
}

// repositoryIndex lists the models.
func (s *Server) repositoryIndex(w http.ResponseWriter, r *http.Request) error {
	const most = 64 << 10
	if err := checkEncoding(r); err != nil {
		return err
	}
	var asked struct {
		Ready bool `json:"ready"`
	}
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, most)).Decode(&asked)
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return err
	case err != nil && !errors.Is(err, io.EOF):
		return badf("not a request in JSON: want {} or {\"ready\": true}")
	}
	writeJSON(w, http.StatusOK, s.models.index(asked.Ready))
	return nil
}
