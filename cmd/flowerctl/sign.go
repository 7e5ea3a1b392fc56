package main

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/export/verify"
	"github.com/flowerctl/flowerctl/infer/signed"
	"github.com/flowerctl/flowerctl/onnx"
)

type signOptions struct {
	key, newKey string
	force       bool
}

func signCommand() *cli.Command {
	o := new(signOptions)
	return &cli.Command{
		Name:      "sign",
		Usage:     "sign a file with its report and card",
		ArgsUsage: "FILE.onnx | --new-key KEY.pem",
		Description: `FILE.onnx.sig is a signature by Ed25519 over the names and SHA-256 of the
file and of what is beside it: the report of verify, the card of export, the
config.json of a file from elsewhere. Who has the public key finds out whether any of it was changed.

  flowerctl sign --new-key key.pem
  flowerctl sign model.onnx --key key.pem
  flowerctl verify model.onnx --signed key.pub.pem
  flowerctl predict img.jpg --model model.onnx --require-signed key.pub.pem`,
		Flags: []cli.Flag{
			shell.TextFlag(&o.key, "key", "", "PEM `FILE` of the private key, as openssl writes it too"),
			shell.TextFlag(&o.newKey, "new-key", "",
				"make a key in `FILE`.pem, and the public one in FILE.pub.pem"),
			shell.BoolFlag(&o.force, "force", "write over a signature that is there"),
		},
		Action: shell.Action(o.run),
	}
}

func (o *signOptions) run(c *shell.Call) error {
	if o.newKey != "" {
		return o.makeKey(c)
	}
	path, err := c.OneFile("model.onnx --key key.pem")
	if err != nil {
		return err
	}
	if o.key == "" {
		return shell.Fail(shell.Usagef("--key: want the file of a private key"),
			"flowerctl sign --new-key key.pem makes one")
	}
	if err := shell.MayWrite(signed.Path(path), o.force); err != nil {
		return err
	}
	key, err := signed.ReadPrivateKey(o.key)
	if err != nil {
		return fmt.Errorf("--key: %w", err)
	}
	file, err := onnx.ReadBytes(path)
	if err != nil {
		return err
	}
	if err := verify.CheckBeside(path, file); errors.Is(err, fs.ErrNotExist) {
		c.Say("%s: signed without a report of flowerctl verify", path)
	} else if err != nil {
		return err
	}
	m, err := signed.Sign(path, file, key)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.Out, "%s: signed %s\n", signed.Path(path), m)
	return err
}

func (o *signOptions) makeKey(c *shell.Call) error {
	if c.Given("key") {
		return shell.Usagef("--key and --new-key: want one of them")
	}
	if err := c.NoFiles(); err != nil {
		return err
	}
	if err := signed.NewKey(o.newKey); err != nil {
		return err
	}
	_, err := fmt.Fprintf(c.Out, "%s: keep it secret; %s is for who checks signatures\n", o.newKey,
		signed.PublicPath(o.newKey))
	return err
}

// checkSignature is verify --signed.
func checkSignature(c *shell.Call, path, key string, asJSON bool) error {
	if name := c.FirstGiven("run", "checkpoint", "data", "reference", "report", "layers", "images",
		"device"); name != "" {
		return shell.Usagef("--signed: takes no --%s: it compares no answers", name)
	}
	public, err := signed.ReadPublicKey(key)
	if err != nil {
		return fmt.Errorf("--signed: %w", err)
	}
	file, err := onnx.ReadBytes(path)
	if err != nil {
		return err
	}
	m, err := signed.Check(path, file, public)
	if err != nil {
		return err
	}
	if asJSON {
		return shell.WriteJSON(c.Out, m)
	}
	_, err = fmt.Fprintf(c.Out, "%s: as signed with %s\n", m, key)
	return err
}
