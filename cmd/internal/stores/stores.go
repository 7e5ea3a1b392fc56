// Package stores is what commands share that read object stores and tables: which of them
// this build of the program has. They are in builds with the tag cloud. Start at [Of].
package stores

import (
	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/infer/objects"
	"github.com/flowerctl/flowerctl/infer/rows"
)

// Of are the object stores of this build; nil where it has none, which is an error where a
// name needs one, as it is where one needs tables. The caller closes them.
func Of(c *shell.Call, names ...string) (*objects.Stores, error) {
	s := objects.New(c.Ctx, open)
	for _, name := range names {
		if s == nil && objects.Is(name) {
			return nil, &objects.AbsentError{Name: name}
		}
		if tables == nil && rows.Is(name) {
			return nil, &rows.AbsentError{File: name}
		}
	}
	return s, nil
}

// ColumnFlag is --column.
func ColumnFlag(to *string) cli.Flag {
	return shell.TextFlag(to, "column", "",
		"`NAME` of the images in Parquet files, else the only one of bytes")
}

// Decoders is how many pictures are read at a time where some of the names are objects: what
// they are waited for takes no processor. It is infer.Engine's.
func Decoders(names ...string) int {
	for _, name := range names {
		if objects.Is(name) {
			return 32
		}
	}
	return 0
}

// Tables opens Parquet files; nil where this build has none.
func Tables() rows.Opener { return tables }
