package table

import (
	"strings"
	"testing"
)

func TestLongListsAreShortened(t *testing.T) {
	names := strings.Split(strings.Repeat("a ", 999)+"a", " ")
	if got, want := Some(names), strings.Repeat("a, ", 9)+"a and 990 others"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := Some(names[:20]), strings.Repeat("a, ", 19)+"a"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
