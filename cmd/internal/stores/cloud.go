//go:build cloud

package stores

import "github.com/flowerctl/flowerctl/infer/objects/cloud"

var open = cloud.Open
