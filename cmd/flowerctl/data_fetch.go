package main

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/cmd/internal/terminal"
	"github.com/flowerctl/flowerctl/train/data/fetch"
)

type dataFetchOptions struct {
	url, sha256 string
	force       bool
}

func (o *dataFetchOptions) flags() []cli.Flag {
	return []cli.Flag{
		textFlag(&o.url, "url", "", "`URL` of the same archive, or with --sha256 of another .tgz"),
		textFlag(&o.sha256, "sha256", "", "`HASH` of the archive at --url"),
		boolFlag(&o.force, "force", "replace a folder that is there"),
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
		Action: action(o.run),
	}
}

var sha256Pattern = regexp.MustCompile(`^[0-9a-f]{64}$`)

// source is the archive that the flags name.
func (o *dataFetchOptions) source() (fetch.Source, error) {
	src, hash := fetch.FlowerPhotos, strings.ToLower(o.sha256)
	if hash != "" {
		if o.url == "" || !sha256Pattern.MatchString(hash) {
			return src, usagef("--sha256: want 64 hex digits, beside --url")
		}
		src = fetch.Source{SHA256: hash}
	}
	if o.url != "" {
		src.URL = o.url
	}
	return src, nil
}

func (o *dataFetchOptions) run(c *call) error {
	if len(c.files) > 1 {
		return usagef("names %d folders, want one", len(c.files))
	}
	dir := "flower_photos"
	if len(c.files) == 1 {
		dir = c.files[0]
	}
	src, err := o.source()
	if err != nil {
		return err
	}
	bar := terminal.NewDownloadBar(c.log)
	c.say("downloading %s", src.URL)
	err = fetch.Fetch(c.ctx, src, fetch.Options{Dir: dir, Force: o.force, Progress: bar.Show})
	bar.End()
	if err != nil {
		return folderError(err)
	}
	_, err = fmt.Fprintf(c.out, "%s: ready; flowerctl train --data %s\n", dir, dir)
	return err
}
