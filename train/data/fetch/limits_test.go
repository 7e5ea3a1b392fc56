package fetch

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
)

// TestUnpackLimitsTheSum: each file is under the limit, all together are over it.
func TestUnpackLimitsTheSum(t *testing.T) {
	bytes := maxBytes
	defer func() { maxBytes = bytes }()
	maxBytes = 100
	text := strings.Repeat("x", 60)
	archive := tgz(t, [2]string{"photos/a/1", text}, [2]string{"photos/a/2", text})
	err := Fetch(context.Background(), server(t, archive, nil), Options{Dir: filepath.Join(t.TempDir(), "f")})
	if err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("got %v, want an error about a limit", err)
	}
}
