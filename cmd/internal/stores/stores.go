// Package stores is what commands share that read object stores: which stores this build of
// the program has. They are in builds with the tag cloud. Start at [Of].
package stores

import (
	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/infer/objects"
)

// Of are the object stores of this build; nil where it has none, which is an error where a
// name needs one. The caller closes them.
func Of(c *shell.Call, names ...string) (*objects.Stores, error) {
	s := objects.New(c.Ctx, open)
	for _, name := range names {
		if s == nil && objects.Is(name) {
			return nil, &objects.AbsentError{Name: name}
		}
	}
	return s, nil
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
