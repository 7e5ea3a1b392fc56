package table

import "testing"

func TestNounsGoWithTheirNumber(t *testing.T) {
	for _, c := range []struct {
		n    int
		noun string
		want string
	}{
		{1, "trial", "1 trial"}, {0, "trial", "0 trials"}, {2, "file", "2 files"}, {3, "class", "3 classes"},
		{4, "copy", "4 copies"}, {1, "copy", "1 copy"}, {2, "batch", "2 batches"}, {2, "day", "2 days"},
		{2, "box", "2 boxes"}, {5, "epoch", "5 epochs"}, {1, "class", "1 class"},
	} {
		if got := Count(c.n, c.noun); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
	if got := Count(int64(1), "picture"); got != "1 picture" {
		t.Errorf("got %q", got)
	}
}
