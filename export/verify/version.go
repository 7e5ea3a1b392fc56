package verify

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/flowerctl/flowerctl/train/table"
)

// moduleVersion is the version of a module in this program.
func moduleVersion(path string) string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown version"
	}
	for _, m := range info.Deps {
		if m.Path == path {
			return m.Version
		}
	}
	return "unknown version"
}

// machine describes the machine that makes a report.
func machine() string {
	return fmt.Sprintf("%s/%s, %s, %s",
		runtime.GOOS, runtime.GOARCH, table.Count(runtime.GOMAXPROCS(0), "thread"), runtime.Version())
}
