//go:build !cloud

package stores

import "github.com/flowerctl/flowerctl/infer/objects"

var open objects.Opener
