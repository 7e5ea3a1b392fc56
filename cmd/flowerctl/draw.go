package main

import (
	"fmt"
	"io"
	"os"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/train/atomicfile"
	"github.com/flowerctl/flowerctl/train/picture"
)

// drawPictures draws what make makes to the files of --svg and --png, where they
// were asked for.
func drawPictures(c *cli.Context, make func() (picture.Picture, error)) error {
	svg, png := c.String("svg"), c.String("png")
	if svg == "" && png == "" {
		return nil
	}
	p, err := make()
	if err != nil {
		return err
	}
	err = writeNew(c, svg, func(w io.Writer) error {
		text, err := p.SVG()
		if err == nil {
			_, err = w.Write(text)
		}
		return err
	})
	if err != nil {
		return err
	}
	return writeNew(c, png, p.PNG)
}

// writeNew writes a file, unless path is empty. One that is there is overwritten
// only with --force.
func writeNew(c *cli.Context, path string, write func(io.Writer) error) error {
	if path == "" {
		return nil
	}
	if _, err := os.Lstat(path); err == nil && !c.Bool("force") {
		return fail(fmt.Errorf("%s is there already", path), "--force writes over it")
	}
	return fileError(atomicfile.Write(path, write))
}
