package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/flowerctl/flowerctl/cmd/internal/announce"
	"github.com/flowerctl/flowerctl/cmd/internal/remedy"
	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/train/study"
	"github.com/flowerctl/flowerctl/train/table"
)

// train runs what is left of the rows, for as long as --budget says.
func (o *reproduceOptions) train(c *shell.Call, s *study.Study, tableDir string) error {
	ctx := c.Ctx
	if o.budget > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.budget)
		defer cancel()
	}
	var after func() error
	if tableDir != "" {
		after = func() error { return s.WriteTable(tableDir) }
	}
	if err := s.Run(ctx, after); err != nil {
		return err
	}
	if c.Ctx.Err() != nil {
		return c.Ctx.Err()
	}
	if n := s.Busy(); n == len(s.Attempts) {
		return errors.New("other processes are at work on all that is asked for")
	} else if n > 0 {
		c.Say("other processes are at work on %s", table.Count(n, "row"))
	}
	if s.Next() != nil {
		c.Say("the budget of %s is spent: the same command goes on with %d of %s",
			o.budget, len(s.Attempts)-s.Ended()-s.Busy(), table.Count(len(s.Attempts), "row"))
	}
	return nil
}

// result writes what was asked for: the table, or the one row's line.
func (o *reproduceOptions) result(c *shell.Call, s *study.Study, tableDir string) error {
	if tableDir == "" {
		row := s.Attempts[0]
		if row.Err != nil || !row.Ended() {
			return nil // the error comes after, and that the budget is spent was said
		}
		return announce.Summary(c, o.json, row.Folder.Dir, *row.Record.Summary)
	}
	if err := s.WriteTable(tableDir); err != nil {
		return remedy.Study(err)
	}
	rows := s.TableRows()
	if o.json {
		return shell.WriteJSON(c.Out, rows)
	}
	if err := study.Text(rows).WriteText(c.Out); err != nil {
		return err
	}
	_, err := fmt.Fprintln(c.Out, filepath.Join(tableDir, study.TableFile))
	return err
}
