package main

import (
	"fmt"
	"io"
	"os"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/train/atomicfile"
	"github.com/flowerctl/flowerctl/train/picture"
)

// pictureFlags name the files that a picture goes to.
type pictureFlags struct {
	svg, png string
	force    bool
}

func (p *pictureFlags) flags(usage string) []cli.Flag {
	return []cli.Flag{
		shell.TextFlag(&p.svg, "svg", "", usage),
		shell.TextFlag(&p.png, "png", "", usage),
		shell.BoolFlag(&p.force, "force", "write over files that are there"),
	}
}

// draw draws what make makes to the files that were asked for.
func (p *pictureFlags) draw(make func() (picture.Picture, error)) error {
	if p.svg == "" && p.png == "" {
		return nil
	}
	drawn, err := make()
	if err != nil {
		return err
	}
	err = p.write(p.svg, func(w io.Writer) error {
		text, err := drawn.SVG()
		if err == nil {
			_, err = w.Write(text)
		}
		return err
	})
	if err != nil {
		return err
	}
	return p.write(p.png, drawn.PNG)
}

// write writes a file, unless path is empty. One that is there is overwritten only
// with --force.
func (p *pictureFlags) write(path string, write func(io.Writer) error) error {
	if path == "" {
		return nil
	}
	if _, err := os.Lstat(path); err == nil && !p.force {
		return shell.Fail(fmt.Errorf("%s is there already", path), "--force writes over it")
	}
	return atomicfile.Write(path, write)
}
