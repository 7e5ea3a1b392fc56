package shard

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/answers"
)

// Predictions is the job of predicting with a model, and how its answers are written. The
// format is that of how, JSON for one that is none of files. Top and MinConfidence are those
// of how where given says so of "top" and "min-confidence", else 1, or for a model of several
// labels a picture all, and the model's own threshold.
func Predictions(f *infer.File, c *infer.Classifier, how answers.Writer,
	given func(option string) bool) (Job, answers.Writer) {
	if !given("min-confidence") {
		how.MinConfidence = c.UnknownBelow()
	}
	if how.Format != answers.CSV {
		how.Format = answers.JSON
	}
	how.MultiLabel = c.MultiLabel()
	if !given("top") {
		how.Top = 1
		if how.MultiLabel {
			how.Top = len(c.Labels())
		}
	}
	how.Top = min(how.Top, len(c.Labels()))
	settings := Settings(c)
	settings["top"] = fmt.Sprint(how.Top)
	settings["min-confidence"] = fmt.Sprint(how.MinConfidence)
	return Job{Kind: Predict, Format: string(how.Format), Model: Hash(f.Data), Name: f.Name,
		Settings: settings}, how
}

// Settings are what answers depend on beside the bytes of the model.
func Settings(c *infer.Classifier) map[string]string {
	output, _ := c.Output()
	return map[string]string{"output": output, "preprocessing": c.Preprocessing(),
		"labels": Hash([]byte(strings.Join(c.Labels(), "\n")))}
}

// Hash is the SHA-256 of data.
func Hash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
