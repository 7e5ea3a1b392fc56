package main

import (
	"strings"
	"testing"
)

// A name that is too long has its own error, and the names behind it are read.
func TestListGoesOnAfterALineThatIsTooLong(t *testing.T) {
	long := strings.Repeat("x", maxName+1)
	list := "a.jpg\r\n\n" + long + "\n" + long + long + "\nb.jpg\n" + strings.Repeat("y", 5000)
	var got []string
	for p := range pictures([]string{"-"}, strings.NewReader(list), true) {
		name := p.Name
		if p.Err != nil {
			name = "error"
			if want := strings.Repeat("x", 40) + "...: list of file names: a line of more than 65536 bytes"; p.Err.Error() != want {
				t.Errorf("got %v, want %s", p.Err, want)
			}
		}
		got = append(got, name)
	}
	if want := "a.jpg error error b.jpg " + strings.Repeat("y", 5000); strings.Join(got, " ") != want {
		t.Errorf("got %.100q, want %.100q", got, want)
	}
}
