package main

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/train/data/atomicdir"
	"github.com/flowerctl/flowerctl/train/data/fetch"
)

func dataFetchCommand() *cli.Command {
	return &cli.Command{
		Name:      "fetch",
		Usage:     "download the flower photographs of TensorFlow's tutorials",
		ArgsUsage: "[DIR]",
		Description: fmt.Sprintf(`3,670 photographs of five kinds (%.0f MiB), compared with a known SHA-256, into
DIR (flower_photos where none is named). A download that breaks off goes on
where it stopped. Their licences are in DIR/LICENSE.txt.

  flowerctl data fetch
  flowerctl data fetch photos --url https://example.org/set.tgz --sha256 HASH`,
			float64(fetch.FlowerPhotos.Size)/(1<<20)),
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "url", Usage: "`URL` of the same archive, or with --sha256 of another .tgz"},
			&cli.StringFlag{Name: "sha256", Usage: "`HASH` of the archive at --url"},
			&cli.BoolFlag{Name: "force", Usage: "replace a folder that is there"},
		},
		Action: dataFetch,
	}
}

var sha256Pattern = regexp.MustCompile(`^[0-9a-f]{64}$`)

func dataFetch(c *cli.Context) error {
	if c.NArg() > 1 {
		return usagef("names %d folders, want one", c.NArg())
	}
	dir, src := "flower_photos", fetch.FlowerPhotos
	if c.NArg() == 1 {
		dir = c.Args().First()
	}
	if hash := c.String("sha256"); hash != "" {
		if c.String("url") == "" || !sha256Pattern.MatchString(strings.ToLower(hash)) {
			return usagef("--sha256: want 64 hex digits, beside --url")
		}
		src = fetch.Source{SHA256: strings.ToLower(hash)}
	}
	if url := c.String("url"); url != "" {
		src.URL = url
	}
	bar := newDownloadBar(c.App.ErrWriter)
	talk(c, "downloading %s", src.URL)
	err := fetch.Fetch(c.Context, src, fetch.Options{Dir: dir, Force: c.Bool("force"), Progress: bar.show})
	bar.end()
	if err != nil {
		return folderError(err)
	}
	fmt.Fprintf(c.App.Writer, "%s: ready; flowerctl train --data %s\n", dir, dir)
	return nil
}

// folderError adds what can be done about a folder that is there.
func folderError(err error) error {
	if errors.Is(err, atomicdir.ErrThere) {
		return fail(err, "--force replaces it, or name another folder")
	}
	return err
}
