package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"
)

func reproduceCommand() *cli.Command {
	return &cli.Command{
		Name:      "reproduce",
		Usage:     "run a row of the original study",
		ArgsUsage: "ROW",
		Description: `The study compared networks and optimizers on photographs of flowers. A row runs
with its settings there: network, optimizer, batch, limit and patience. The split
is stratified, no image is in both parts, and pixels are rescaled once, which was
not so in every logged run; --list says in which.

  flowerctl reproduce --list
  flowerctl reproduce v3-alexnet/sgd --data photos/
  flowerctl reproduce v7-base/adam --data photos/ --epochs 3`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "data", Usage: "`DIR` with one folder of images per class; without it flowers are drawn"},
			&cli.IntFlag{Name: "epochs", Usage: "at most `N` epochs; 0: as many as in the study"},
			&cli.Uint64Flag{Name: "seed", Value: 1, Usage: "`N`, as for train"},
			&cli.IntFlag{Name: "threads", Usage: "`N` that compute; 0: all cores"},
			&cli.StringFlag{Name: "out", Usage: "folder of the run, `RUN`; runs/study-NETWORK-OPTIMIZER by default"},
			&cli.BoolFlag{Name: "force", Usage: "write over the run in --out"},
			&cli.BoolFlag{Name: "list", Usage: "list the rows and what was logged, and do nothing else"},
			jsonFlag(),
		},
		Action: reproduce,
	}
}

func reproduce(c *cli.Context) error {
	if c.Bool("list") {
		return listStudy(c)
	}
	if c.NArg() != 1 {
		return fail(usagef("want one row, got %d", c.NArg()), "flowerctl reproduce --list shows them")
	}
	row, err := findRow(c.Args().First())
	if err != nil {
		return err
	}
	r := &trainRun{show: newProgress(c.App.ErrWriter)}
	if r.plan, err = resolve(row.settings(c)); err != nil {
		return err
	}
	if c.String("out") == "" {
		name := "study-" + strings.ReplaceAll(row.name(), "/", "-")
		if err := c.Set("out", filepath.Join(runsDir, name)); err != nil {
			return err
		}
	}
	if r.dir, err = newRunDir(c, row.Arch); err != nil {
		return err
	}
	s, err := r.prepare(c)
	if err != nil {
		return err
	}
	talk(c, "logged in the study: validation accuracy %s", row.logged())
	return errors.Join(r.do(c, s), s.Close())
}

// findRow is the row of that name.
func findRow(name string) (studyRow, error) {
	var names []string
	for _, r := range studyRows {
		if r.name() == name {
			return r, nil
		}
		names = append(names, r.name())
	}
	return studyRow{}, usagef("no row is called %q, want one of %s", name, strings.Join(names, ", "))
}

// settings are those of the row, with the user's images, seed and threads.
func (r studyRow) settings(c *cli.Context) settings {
	s := defaultSettings()
	s.Data, s.Seed, s.Threads = c.String("data"), c.Uint64("seed"), c.Int("threads")
	s.Arch, s.Optimizer, s.LR, s.Options.Epsilon = r.Arch, r.Optimizer, 1e-3, r.Epsilon
	s.Batch, s.Epochs, s.Patience = r.Batch, r.Limit, r.Patience
	if n := c.Int("epochs"); n != 0 {
		s.Epochs = n
	}
	return s
}

// logged is the row's accuracy, and what is wrong with it.
func (r studyRow) logged() string {
	text := fmt.Sprintf("%.2f %%", 100*r.Val)
	if r.Note != "" {
		text += " (" + r.Note + ")"
	}
	return text
}

// listStudy writes the table of rows.
func listStudy(c *cli.Context) error {
	if c.Bool("json") {
		return printJSON(c.App.Writer, studyRows)
	}
	w := tabwriter.NewWriter(c.App.Writer, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ROW\tLIMIT\tPATIENCE\tEPOCHS RUN\tVALIDATION\tTRAINING\tNOTE")
	for _, r := range studyRows {
		epochs := fmt.Sprint(r.Epochs)
		if r.Epochs == 0 {
			epochs = "not logged"
		}
		fmt.Fprintf(w, "%s\t%d\t%d\t%s\t%.2f %%\t%.2f %%\t%s\n",
			r.name(), r.Limit, r.Patience, epochs, 100*r.Val, 100*r.Train, r.Note)
	}
	return w.Flush()
}
