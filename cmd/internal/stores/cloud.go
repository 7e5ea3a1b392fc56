//go:build cloud

package stores

import (
	"github.com/flowerctl/flowerctl/infer/objects/cloud"
	"github.com/flowerctl/flowerctl/infer/rows/parquetfile"
)

var (
	open   = cloud.Open
	tables = parquetfile.Open
)
