package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/report"
)

// findRate is `train --lr-find`; with --out it draws the curve there.
func findRate(c *cli.Context, s *session) error {
	talk(c, "trying rising learning rates")
	points, best, err := train.FindRate(c.Context, s.network, s.train, train.RateTest{})
	if errors.Is(err, train.ErrNoFall) {
		return fail(fmt.Errorf("--lr-find: %w", err),
			"try more images, a smaller --batch or another --optimizer; without --lr a run takes the optimizer's own rate")
	}
	if err != nil {
		return err
	}
	if dir := c.String("out"); dir != "" {
		if err := os.MkdirAll(dir, 0o777); err != nil {
			return fileError(err)
		}
		if err := report.WriteRates(dir, points, best); err != nil {
			return err
		}
	}
	if c.Bool("json") {
		return writeJSON(c.App.Writer, struct {
			LR     float64           `json:"lr"`
			Points []train.RatePoint `json:"points"`
		}{best, points})
	}
	_, err = fmt.Fprintf(c.App.Writer, "--lr %.2g: there the loss fell fastest, of %d rates from %.1g to %.2g\n",
		best, len(points), points[0].Rate, points[len(points)-1].Rate)
	return err
}
