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
}

// The keys of a file's metadata_props.
const (
	keyLabels     = "labels"     // JSON list
	keyPreprocess = "preprocess" // JSON of imageprep.Config
	keyPrecision  = "precision"  // of export.Precision
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
	return m, nil
}
