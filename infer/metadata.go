package infer

import (
	"encoding/json"
	"fmt"
)

// The keys of a file's metadata_props that are read here; package foreign reads the
// others.
const (
	keyPrecision = "precision" // an export.Precision
	keyUnknown   = "unknown"   // JSON of metrics.Threshold

	keyMultiLabel = "multi_label" // "true": see Classifier.MultiLabel
	keyThresholds = "thresholds"  // JSON, a number for each label
)

// readUnknown is the probability below which a file of flowerctl export says that an
// answer is unknown, 0 where it says nothing.
func readUnknown(properties map[string]string) (float64, error) {
	text, ok := properties[keyUnknown]
	if !ok {
		return 0, nil
	}
	var unknown struct {
		Confidence float64 `json:"confidence"`
	}
	if err := json.Unmarshal([]byte(text), &unknown); err != nil {
		return 0, fmt.Errorf("metadata unknown: %w", err)
	}
	if c := unknown.Confidence; !(c >= 0 && c <= 1) {
		return 0, fmt.Errorf("metadata unknown: confidence %g, want 0 to 1", c)
	}
	return unknown.Confidence, nil
}
