package foreign

import (
	"encoding/json"
	"io/fs"
	"testing"
)

// FuzzRead reads metadata of a file, as a JSON object of strings, and the two files beside
// it, and decides how pictures are prepared.
func FuzzRead(f *testing.F) {
	f.Add(`{"labels": "[\"a\", \"b\"]", "preprocess": "{}"}`, `{}`, `{}`)
	f.Add(`{"names": "{0: 'rose', 1: 'tulip'}", "imgsz": "[224, 224]", "task": "classify"}`, ``, ``)
	f.Add(`{"model_info": "{\"labels\": \"a b\", \"mean_values\": \"1 2 3\"}"}`, `{"id2label": {"0": "a"}}`,
		`{"image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5], "size": {"shortest_edge": 256},
			"crop_size": 224, "do_rescale": true}`)
	f.Add(`{}`, `{"pretrained_cfg": {"mean": [0.4], "std": [0.2], "crop_pct": 0.9, "input_size": [3, 8, 8]}}`, ``)
	f.Fuzz(func(t *testing.T, metadata, config, preprocessor string) {
		var properties map[string]string
		if json.Unmarshal([]byte(metadata), &properties) != nil {
			return
		}
		facts, err := Read(properties, func(name string) ([]byte, error) {
			text := config
			if name == preprocessorFile {
				text = preprocessor
			}
			if text == "" {
				return nil, fs.ErrNotExist
			}
			return []byte(text), nil
		})
		if err != nil {
			return
		}
		for _, bytes := range []bool{false, true} {
			r, err := facts.Resolve(Wish{}, 0, bytes)
			if err != nil {
				continue
			}
			if c := r.Config(); c.Size != 0 && c.Validate() != nil {
				t.Fatalf("%+v: %v", c, c.Validate())
			}
		}
	})
}
