package serve

import "net/http"

// The shape of Triton's model configuration extension, as far as it says anything here.
type modelConfig struct {
	Name     string         `json:"name"`
	Platform string         `json:"platform"`
	Backend  string         `json:"backend"`
	MaxBatch int            `json:"max_batch_size"`
	Inputs   []tensorConfig `json:"input"`
	Outputs  []tensorConfig `json:"output"`
}

type tensorConfig struct {
	Name string  `json:"name"`
	Type string  `json:"data_type"`
	Dims []int64 `json:"dims"`
}

// backend is Triton's name for onnxruntime.
const backend = "onnxruntime"

// config describes a model. The size of a batch is 0, which says that shapes have
// the number of pictures in them: requests need not be batched by whoever sends them.
func (v *version) config() modelConfig {
	return modelConfig{Name: v.name, Platform: platform, Backend: backend,
		Inputs:  []tensorConfig{{v.Input, "TYPE_STRING", []int64{-1}}},
		Outputs: []tensorConfig{{outputName, "TYPE_FP32", []int64{-1, int64(len(v.labels))}}}}
}

func (s *Server) modelConfig(w http.ResponseWriter, r *http.Request) error {
	v, leave, err := s.named(r)
	if err != nil {
		return err
	}
	defer leave()
	writeJSON(w, http.StatusOK, v.config())
	return nil
}
