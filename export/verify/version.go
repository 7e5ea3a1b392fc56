package verify

import (
	"fmt"
	"runtime"
	"runtime/debug"
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
	return fmt.Sprintf("%s/%s, %d threads, %s",
		runtime.GOOS, runtime.GOARCH, runtime.GOMAXPROCS(0), runtime.Version())
}
