package serve

import (
	"encoding/json"
	"net/http"
)

// labels lists a model's classes, by index.
func (s *Server) labels(w http.ResponseWriter, r *http.Request) error {
	v, leave, err := s.chosen(r)
	if err != nil {
		return err
	}
	defer leave()
	writeJSON(w, http.StatusOK, struct {
		Model   string   `json:"model"`
		Version string   `json:"version"`
		Labels  []string `json:"labels"`
	}{v.name, v.number, v.labels})
	return nil
}

// about is what /model says.
type about struct {
	Name     string            `json:"name"`
	Version  string            `json:"version"`
	Versions []string          `json:"versions"`
	Device   string            `json:"device,omitempty"`
	SHA256   string            `json:"sha256,omitempty"`
	Input    string            `json:"input"`
	Size     int               `json:"size"` // of the square that the network takes
	Classes  int               `json:"classes"`
	MaxBatch int               `json:"max_batch"`
	Card     map[string]string `json:"card,omitempty"`
	Verify   json.RawMessage   `json:"verify,omitempty"`
}

// model says what a model is: its card, its hash and the report of its verification.
func (s *Server) model(w http.ResponseWriter, r *http.Request) error {
	v, leave, err := s.chosen(r)
	if err != nil {
		return err
	}
	defer leave()
	writeJSON(w, http.StatusOK,
		about{Name: v.name, Version: v.number, Versions: s.models.numbersOf(v.name),
			Device: v.Device, SHA256: v.SHA256, Input: v.Input, Size: v.prep.Size, Classes: len(v.labels),
			MaxBatch: v.MaxBatch, Card: v.Card, Verify: v.Report})
	return nil
}
