package main

import (
	"fmt"

	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/train/run"
)

// doAgain is `train --replay`.
func (o *trainOptions) doAgain(c *shell.Call) error {
	for _, f := range o.flags() {
		if name := f.Names()[0]; name != "replay" && name != "json" && c.Given(name) {
			return shell.Usagef("--replay: takes no --%s: the file has the settings of its run", name)
		}
	}
	r, err := run.Replay(c.Ctx, o.replay)
	if err != nil {
		return fmt.Errorf("--replay: %w", err)
	}
	if r.Found == nil {
		return shell.Fail(fmt.Errorf("--replay: %s: every value is finite here", o.replay),
			"the run had other kernels, such as those with oneDNN, or another processor")
	}
	if o.json {
		return shell.WriteJSON(c.Out, r)
	}
	_, err = fmt.Fprintln(c.Out, r)
	return err
}
