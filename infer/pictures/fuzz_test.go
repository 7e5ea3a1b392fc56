package pictures

import (
	"bytes"
	"testing"
	"unicode/utf8"
)

// FuzzList reads a list of file names, one a line, in any of the encodings of text.
func FuzzList(f *testing.F) {
	f.Add([]byte("a.jpg\nb.png\r\n"))
	f.Add([]byte("\xef\xbb\xbfa.jpg\n\n c.jpg \n"))
	f.Add([]byte("\xff\xfea\x00\n\x00"))
	f.Fuzz(func(t *testing.T, text []byte) {
		lines := bytes.Count(text, []byte("\n")) + bytes.Count(text, []byte("\r")) + 1
		n := 0
		for p := range List(Arguments{Names: []string{Stdin}, Stdin: bytes.NewReader(text), List: true}) {
			n++
			if p.Err == nil && (p.Name == "" || bytes.ContainsAny([]byte(p.Name), "\n")) {
				t.Fatalf("a picture called %q", p.Name)
			}
			if utf8.Valid(text) && p.Err == nil && !utf8.ValidString(p.Name) {
				t.Fatalf("%q is no text", p.Name)
			}
		}
		if n > lines+1 {
			t.Fatalf("%d pictures of %d lines", n, lines)
		}
	})
}
