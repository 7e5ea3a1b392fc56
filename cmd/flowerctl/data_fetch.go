package main

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/cmd/internal/terminal"
	"github.com/flowerctl/flowerctl/train/data/fetch"
)

type dataFetchOptions struct {
	url, sha256 string
	force       bool
}

func (o *dataFetchOptions) flags() []cli.Flag {
	return []cli.Flag{
		shell.TextFlag(&o.url, "url", "", "`URL` of the same archive, or with --sha256 of another .tgz"),
		shell.TextFlag(&o.sha256, "sha256", "", "`HASH` of the archive at --url"),
		shell.BoolFlag(&o.force, "force", "replace a folder that is there"),
	}
}

func dataFetchCommand() *cli.Command {
	o := new(dataFetchOptions)
	return &cli.Command{
		Name:      "fetch",
		Usage:     "download the flower photographs of TensorFlow's tutorials",
		ArgsUsage: "[DIR]",
		Description: fmt.Sprintf(`3,670 photographs of five kinds (%.0f MiB), compared with a known
SHA-256, into DIR (flower_photos where none is named). A download that was
interrupted continues where it stopped. Their licences are in DIR/LICENSE.txt.

  flowerctl data fetch
  flowerctl data fetch photos --url https://example.org/set.tgz --sha256 HASH`,
			float64(fetch.FlowerPhotos.Size)/(1<<20)),
		Flags:  o.flags(),
		Action: shell.Action(o.run),
	}
}

var sha256Pattern = regexp.MustCompile(`^[0-9a-f]{64}$`)

// source is the archive that the flags name.
func (o *dataFetchOptions) source() (fetch.Source, error) {
	src, hash := fetch.FlowerPhotos, strings.ToLower(o.sha256)
	if hash != "" {
		if o.url == "" || !sha256Pattern.MatchString(hash) {
			return src, shell.Usagef("--sha256: want 64 hex digits, beside --url")
		}
		src = fetch.Source{SHA256: hash}
	}
	if o.url != "" {
		src.URL = o.url
	}
	return src, nil
}

func (o *dataFetchOptions) run(c *shell.Call) error {
	if len(c.Files) > 1 {
		return shell.Usagef("names %d folders, want one", len(c.Files))
	}
	dir := "flower_photos"
	if len(c.Files) == 1 {
		dir = c.Files[0]
	}
	src, err := o.source()
	if err != nil {
		return err
	}
	bar := terminal.NewDownloadBar(c.Log)
	c.Say("downloading %s", src.URL)
	err = fetch.Fetch(c.Ctx, src, fetch.Options{Dir: dir, Force: o.force, Progress: bar.Show})
	bar.End()
	if err != nil {
		return folderError(err)
	}
	_, err = fmt.Fprintf(c.Out, "%s: ready; flowerctl train --data %s\n", dir, dir)
	return err
}
