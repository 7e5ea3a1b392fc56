//go:build !amd64

package vector

import "testing"

func slow(*testing.T) {}
