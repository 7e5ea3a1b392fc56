//go:build !cloud

package stores

import (
	"github.com/flowerctl/flowerctl/infer/objects"
	"github.com/flowerctl/flowerctl/infer/rows"
)

var (
	open   objects.Opener
	tables rows.Opener
)
