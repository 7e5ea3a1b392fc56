package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"
)

func reproduceCommand() *cli.Command {
	return &cli.Command{
		Name:      "reproduce",
		Usage:     "run rows of the original study",
		ArgsUsage: "[ROW...]",
		Description: `The study compared networks and optimizers on photographs of flowers. A row runs
with its settings there: network, optimizer, batch, limit and patience. The split
is stratified, no image is in both parts, and pixels are rescaled once, which was
not so in every logged run; --list says in which.

A row is kept in runs/study-NETWORK-OPTIMIZER. One that was stopped, by Ctrl-C or
by --budget, goes on where it stands; one that was run to its end is not run
again. --all takes the cheapest rows first, and writes table.md, table.csv and
table.json with our numbers beside the logged ones; --table does only that. The
notes say which rows had another limit of epochs than the study's, and which were
run on drawn flowers and not on photographs.

  flowerctl reproduce --list
  flowerctl reproduce v3-alexnet/sgd --data photos/
  flowerctl reproduce v7-base/adam --data photos/ --epochs 3
  flowerctl reproduce --all --data photos/ --budget 2h
  flowerctl reproduce --table`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "data", Usage: "`DIR` with one folder of images per class; without it flowers are drawn"},
			&cli.IntFlag{Name: "drawn", Value: defaultSettings().Drawn, Usage: "how many flowers are drawn, `N`"},
			&cli.BoolFlag{Name: "all", Usage: "every row, the cheapest first"},
			&cli.DurationFlag{Name: "budget", Usage: "stop after `TIME`, such as 2h or 90m; 0: when all is done"},
			&cli.BoolFlag{Name: "table", Usage: "write the table of what was run, and run nothing"},
			&cli.IntFlag{Name: "epochs", Usage: "at most `N` epochs; 0: as many as in the study"},
			&cli.Uint64Flag{Name: "seed", Value: 1, Usage: "`N`, as for train; other seeds than 1 get folders of their own"},
			&cli.IntFlag{Name: "threads", Usage: "`N` that compute; 0: all cores"},
			&cli.StringFlag{Name: "out", Usage: "`DIR` of the table, runs/study by default; of one ROW: the run's folder"},
			&cli.BoolFlag{Name: "force", Usage: "run one ROW anew, over the run in its folder"},
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
	if err := checkReproduce(c); err != nil {
		return err
	}
	rows, err := askedRows(c)
	if err != nil {
		return err
	}
	s := &study{c: c, rows: rows, table: c.Bool("all") || c.Bool("table") || len(rows) > 1}
	if s.table {
		s.out = c.String("out")
		if s.out == "" {
			s.out = filepath.Join(runsDir, "study"+seedSuffix(c.Uint64("seed")))
		}
	}
	if !c.Bool("table") {
		return s.run()
	}
	return s.writeTable()
}

// checkReproduce refuses flags that do not go together.
func checkReproduce(c *cli.Context) error {
	ways := 0
	for _, one := range []bool{c.Bool("all"), c.Bool("table"), c.NArg() > 0} {
		if one {
			ways++
		}
	}
	switch {
	case ways != 1:
		return fail(usagef("want rows, --all or --table, and one of these"), "flowerctl reproduce --list shows the rows")
	case c.Bool("force") && c.NArg() != 1:
		return usagef("--force: wants one ROW, got %d", c.NArg())
	case c.Duration("budget") < 0:
		return usagef("--budget: got %s, want a time such as 2h, or 0 for no end", c.Duration("budget"))
	case c.Bool("table") && c.IsSet("budget"):
		return usagef("--budget and --table: --table runs nothing")
	case c.Int("epochs") < 0:
		return usagef("--epochs: got %d, want 1 or more, or 0 for the study's", c.Int("epochs"))
	}
	return nil
}

// askedRows are the rows that the command names, each with what was run of it.
func askedRows(c *cli.Context) ([]*rowRun, error) {
	asked := studyRows
	if c.NArg() > 0 {
		asked = nil
		for _, name := range c.Args().Slice() {
			row, err := findRow(name)
			if err != nil {
				return nil, err
			}
			asked = append(asked, row)
		}
	}
	var rows []*rowRun
	for _, row := range asked {
		r := &rowRun{studyRow: row, dir: rowDir(row, c.Uint64("seed"))}
		if c.NArg() == 1 && c.String("out") != "" {
			r.dir = filepath.Clean(c.String("out"))
		}
		var err error
		if r.plan, err = resolve(row.settings(c)); err != nil {
			return nil, err
		}
		if !c.Bool("force") {
			if err := r.read(c.Bool("table")); err != nil {
				return nil, err
			}
		}
		rows = append(rows, r)
	}
	return rows, nil
}

// rowDir is the folder of a row's run.
func rowDir(r studyRow, seed uint64) string {
	return filepath.Join(runsDir, "study-"+strings.ReplaceAll(r.name(), "/", "-")+seedSuffix(seed))
}

func seedSuffix(seed uint64) string {
	if seed == 1 {
		return ""
	}
	return fmt.Sprintf("-seed%d", seed)
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
	if n := c.Int("drawn"); n != 0 {
		s.Drawn = n
	}
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
		return writeJSON(c.App.Writer, studyRows)
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
