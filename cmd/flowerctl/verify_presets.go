package main

import (
	"errors"

	"github.com/flowerctl/flowerctl/cmd/internal/announce"
	"github.com/flowerctl/flowerctl/cmd/internal/device"
	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/export/verify/presets"
	"github.com/flowerctl/flowerctl/train/arch"
)

// verifyPresets trains what is not trained, exports, verifies what is not verified,
// and writes the table.
func (o *verifyOptions) verifyPresets(c *shell.Call) error {
	networks, err := o.networks(c)
	if err != nil {
		return err
	}
	show := announce.New(c)
	b := &presets.Bench{Dir: o.presets, Data: o.Data, Images: o.images, Version: version,
		Observer: show}
	if b.Device, err = device.Need(c, o.device); err != nil {
		return err
	}
	if b.Reader, err = reader(); err != nil {
		return err
	}
	rows, err := b.Run(c.Ctx, networks)
	show.Clear()
	if err != nil {
		return err
	}
	if o.json {
		err = shell.WriteJSON(c.Out, rows)
	} else {
		err = presets.Table(rows).WriteMarkdown(c.Out)
	}
	var wrong []string
	for _, r := range rows {
		for _, p := range r.Problems {
			wrong = append(wrong, r.Network+": "+p)
		}
	}
	if len(wrong) == 0 {
		return err
	}
	return errors.Join(err, shell.FailWith(shell.ExitDifference, errors.New(wrong[0]), wrong[1:]...))
}

// networks are those that --arch names, or all.
func (o *verifyOptions) networks(c *shell.Call) ([]arch.Preset, error) {
	if name := c.FirstGiven("run", "checkpoint", "report", "layers"); name != "" {
		return nil, shell.Usagef("--presets: takes no --%s: each network has its own run and report",
			name)
	}
	switch {
	case len(c.Files) > 0:
		return nil, shell.Usagef("--presets: takes no file, got %q", c.Files[0])
	case o.images < 32:
		return nil, shell.Usagef("--images: got %d, want 32 or more with --presets", o.images)
	case !c.Given("arch"):
		return arch.All(), nil
	}
	var list []arch.Preset
	for _, name := range o.arch.Value() {
		p, err := arch.Find(name)
		if err != nil {
			return nil, shell.Usagef("--arch: %w", err)
		}
		list = append(list, p)
	}
	return list, nil
}
