package infer

import (
	"encoding/json"
	"fmt"

	"github.com/flowerctl/flowerctl/infer/imageprep"
)

// metadata is what a file says about itself, in the keys that flowerctl export
// writes. Files from elsewhere have none of them.
type metadata struct {
	Labels     []string
	Preprocess imageprep.Config
	Unknown    struct {
		Confidence float64 `json:"confidence"`
	}
}

// The keys of a file's metadata_props.
const (
	keyLabels     = "labels"     // JSON list
	keyPreprocess = "preprocess" // JSON of imageprep.Config
	keyPrecision  = "precision"  // fp32, fp16 or int8
	keyUnknown    = "unknown"    // JSON of metrics.Threshold
)

func parseMetadata(properties map[string]string) (m metadata, err error) {
	if text, ok := properties[keyLabels]; ok {
		if err := json.Unmarshal([]byte(text), &m.Labels); err != nil {
			return metadata{}, fmt.Errorf("metadata labels: %w", err)
		}
	}
	if text, ok := properties[keyPreprocess]; ok {
		if err := json.Unmarshal([]byte(text), &m.Preprocess); err != nil {
			return metadata{}, fmt.Errorf("metadata preprocess: %w", err)
		}
	}
	if text, ok := properties[keyUnknown]; ok {
		if err := json.Unmarshal([]byte(text), &m.Unknown); err != nil {
			return metadata{}, fmt.Errorf("metadata unknown: %w", err)
		}
		if c := m.Unknown.Confidence; !(c >= 0 && c <= 1) {
			return metadata{}, fmt.Errorf("metadata unknown: confidence %g, want 0 to 1", c)
		}
	}
	return m, nil
}
