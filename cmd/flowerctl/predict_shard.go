package main

import (
	"fmt"

	"github.com/flowerctl/flowerctl/cmd/internal/choose"
	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/infer/answers"
	"github.com/flowerctl/flowerctl/infer/shard"
)

// shard answers for a shard.
func (o *predictOptions) shard(c *shell.Call) (err error) {
	if flag := c.FirstGiven("explain", "list"); flag != "" {
		return shell.Usagef("--manifest and --%s: want one of them", flag)
	}
	w, err := o.Work(c)
	if err != nil {
		return err
	}
	m, err := o.Find(c)
	if err != nil {
		return choose.Permanent(err)
	}
	classifier, err := m.Open(c, true)
	if err != nil {
		return choose.Permanent(err)
	}
	defer shell.Closing(&err, classifier.Close)
	m.Tell(c)
	if !c.Given("min-confidence") {
		o.minConfidence = classifier.UnknownBelow()
	}
	o.json = !o.csv
	how := o.writer(nil, len(classifier.Labels()))
	w.Writer, w.Device = shard.Answers(*how), m.Options.Session.Device.String()
	w.Job = shard.Job{Kind: shard.Predict, Format: string(how.Format), Model: choose.Hash(m.Data),
		Name: m.Name, Settings: choose.Settings(classifier)}
	w.Job.Settings["top"] = fmt.Sprint(how.Top)
	w.Job.Settings["min-confidence"] = fmt.Sprint(how.MinConfidence)
	return o.ShardFlags.Run(c, w, classifier.Engine(), o.batch)
}

// shard evaluates on a shard.
func (o *evalOptions) shard(c *shell.Call) (err error) {
	w, err := o.Work(c)
	if err != nil {
		return err
	}
	e, err := o.open(c)
	if err != nil {
		return choose.Permanent(err)
	}
	defer shell.Closing(&err, e.close)
	if w.Writer, err = shard.Judged(w.Manifest, e.labels); err != nil {
		return err
	}
	w.Device = e.device
	w.Job = shard.Job{Kind: shard.Eval, Format: string(answers.Text), Model: e.sum, Name: e.name,
		Settings: e.settings, Labels: e.labels, Worst: o.worst}
	if o.json {
		w.Job.Format = string(answers.JSON)
	}
	return o.ShardFlags.Run(c, w, e.Engine, o.batch)
}
