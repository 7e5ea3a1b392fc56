package infer

import (
	"encoding/json"
	"fmt"

	"github.com/flowerctl/flowerctl/infer/imageprep"
)

// metadata is what a file says about itself, in the keys that flowerctl export
// writes. Files from elsewhere have none of them.
type metadata struct {
	Labels     []string         // key "labels"
	Preprocess imageprep.Config // key "preprocess"
}

func parseMetadata(properties map[string]string) (m metadata, err error) {
	if text, ok := properties["labels"]; ok {
		if err := json.Unmarshal([]byte(text), &m.Labels); err != nil {
			return metadata{}, fmt.Errorf("metadata labels: %w", err)
		}
	}
	if text, ok := properties["preprocess"]; ok {
		if err := json.Unmarshal([]byte(text), &m.Preprocess); err != nil {
			return metadata{}, fmt.Errorf("metadata preprocess: %w", err)
		}
	}
	return m, nil
}
