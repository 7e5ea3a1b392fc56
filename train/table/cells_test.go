package table

import "testing"

func TestPrintableNamesStayOnOneLine(t *testing.T) {
	for name, want := range map[string]string{
		"Mädesüß 10.00\u202fAM.jpg": "Mädesüß 10.00\u202fAM.jpg",
		"a\nb\t.jpg":                `a\nb\t.jpg`,
		"\x1b[2Jx":                  `\x1b[2Jx`,
		"gpj\u202e.exe":             `gpj\u202e.exe`,
		"\xe4\x9b1m":                `\xe4\x9b1m`,
		`back\slash "quoted"`:       `back\slash "quoted"`,
	} {
		if got := Printable(name); got != want {
			t.Errorf("%q: got %s, want %s", name, got, want)
		}
	}
}
