package infer

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/flowerctl/flowerctl/fixtures/onnxruntime"
)

// TestMain leaves the examples out where there is no onnxruntime, which they cannot do
// themselves. Where FLOWERCTL_REQUIRE wants it they run, and fail.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := onnxruntime.Load(); err != nil && !onnxruntime.Required() {
		fmt.Fprintf(os.Stderr, "examples are left out: %v\n", err)
		skip := "^Example"
		if given := flag.Lookup("test.skip").Value.String(); given != "" {
			skip += "|" + given
		}
		if err := flag.Set("test.skip", skip); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}
