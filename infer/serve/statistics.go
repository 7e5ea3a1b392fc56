package serve

import (
	"net/http"
	"time"
)

// The shape of Triton's statistics extension: times in nanoseconds.
type modelStats struct {
	Models []versionStats `json:"model_stats"`
}

type versionStats struct {
	Name       string       `json:"name"`
	Version    string       `json:"version"`
	Last       int64        `json:"last_inference"` // milliseconds since 1970
	Inferences int64        `json:"inference_count"`
	Executions int64        `json:"execution_count"`
	Inference  inferStats   `json:"inference_stats"`
	Batches    []batchStats `json:"batch_stats"`
	Memory     []memoryUse  `json:"memory_usage"`
}

type inferStats struct {
	Success duration `json:"success"`
	Fail    duration `json:"fail"`
	Queue   duration `json:"queue"`
	Input   duration `json:"compute_input"` // decoding and resizing
	Infer   duration `json:"compute_infer"`
	Output  duration `json:"compute_output"`
	Hit     duration `json:"cache_hit"`
	Miss    duration `json:"cache_miss"`
}

type batchStats struct {
	Size   int      `json:"batch_size"`
	Input  duration `json:"compute_input"`
	Infer  duration `json:"compute_infer"`
	Output duration `json:"compute_output"`
}

// memoryUse is in the extension's shape, and never told.
type memoryUse struct {
	Type  string `json:"type"`
	ID    int64  `json:"id"`
	Bytes uint64 `json:"byte_size"`
}

type duration struct {
	Count int64 `json:"count"`
	Nanos int64 `json:"ns"`
}

func (s span) duration() duration { return duration{s.count, int64(s.took)} }

// statistics says what the version of the path has done, or every one.
func (s *Server) statistics(w http.ResponseWriter, r *http.Request) error {
	stats, err := s.statsOf(r.PathValue("model"), r.PathValue("version"))
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, stats)
	return nil
}

// statsOf are the statistics of a version, of all versions of a model, or of all
// models.
func (s *Server) statsOf(name, number string) (modelStats, error) {
	stats := modelStats{Models: []versionStats{}}
	for _, line := range s.models.index(true) {
		if name != "" && line.Name != name || number != "" && line.Version != number {
			continue
		}
		v, leave, err := s.models.use(line.Name, line.Version)
		if err != nil {
			continue // it ended meanwhile
		}
		stats.Models = append(stats.Models, v.statistics())
		leave()
	}
	if name != "" && len(stats.Models) == 0 {
		return stats, errorf(http.StatusNotFound, "no model %q, or no such version", name)
	}
	return stats, nil
}

func (v *version) statistics() versionStats {
	c, sizes := v.stats.snapshot()
	runs := duration{Count: c.infer.count} // reading outputs is part of the runs
	result := versionStats{Name: v.name, Version: v.number, Inferences: c.pictures,
		Executions: c.executions,
		Batches:    []batchStats{}, Memory: []memoryUse{},
		Inference: inferStats{Success: c.success.duration(), Fail: c.fail.duration(),
			Queue: c.queue.duration(),
			Input: c.decoding.duration(), Infer: c.infer.duration(), Output: runs}}
	if !c.last.IsZero() {
		result.Last = c.last.UnixNano() / int64(time.Millisecond)
	}
	for _, size := range sizes {
		b := c.batches[size]
		result.Batches = append(result.Batches, batchStats{Size: size, Input: duration{Count: b.count},
			Infer: b.duration(), Output: duration{Count: b.count}})
	}
	return result
}
