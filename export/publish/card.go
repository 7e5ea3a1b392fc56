package publish

import (
	"encoding/json"
	"fmt"
	"path/filepath"

	"github.com/flowerctl/flowerctl/export/card"
	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/run"
)

// makeCard is the card of the file that a run becomes.
func (o *Options) makeCard(trained *run.Trained, m *onnx.Model, r *Result, file []byte) (*card.Card, error) {
	c, err := card.Of(filepath.Base(r.File), file, m)
	if err != nil {
		return nil, err
	}
	source := "drawn flowers"
	if trained.Settings.Data != "" {
		source = filepath.Base(trained.Settings.Data)
	}
	record, err := trained.Record()
	if err != nil {
		o.Log(fmt.Sprintf("the card has no figures of the run: %v", err))
		record = new(run.Record)
	}
	c.AddRun(record.Summary, source)
	if r.Verified == nil {
		return c, nil
	}
	report, err := json.Marshal(r.Verified)
	if err != nil {
		return nil, err
	}
	return c, c.AddReport(report)
}
