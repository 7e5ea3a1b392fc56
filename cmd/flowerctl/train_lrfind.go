package main

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/train"
)

// findRate is `train --lr-find`.
func findRate(c *cli.Context, s *session, show *progress) error {
	points, best, err := train.FindRate(c.Context, s.network, s.train, train.RateTest{})
	show.end()
	if err != nil {
		return err
	}
	if c.Bool("json") {
		return printJSON(c.App.Writer, struct {
			LR     float64           `json:"lr"`
			Points []train.RatePoint `json:"points"`
		}{best, points})
	}
	_, err = fmt.Fprintf(c.App.Writer, "--lr %.2g: there the loss fell fastest, of %d rates from %.1g to %.2g\n",
		best, len(points), points[0].Rate, points[len(points)-1].Rate)
	return err
}
