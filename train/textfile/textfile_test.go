package textfile

import (
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"
)

// encode is a text in UTF-16.
func encode(text string, big, mark bool) string {
	var b strings.Builder
	units := utf16.Encode([]rune(text))
	if mark {
		units = append([]uint16{0xfeff}, units...)
	}
	for _, u := range units {
		if big {
			b.WriteByte(byte(u >> 8))
			b.WriteByte(byte(u))
		} else {
			b.WriteByte(byte(u))
			b.WriteByte(byte(u >> 8))
		}
	}
	return b.String()
}

const text = "Gänseblümchen\r\nrose 🌹\n"

func TestTextIsTheSameInEveryEncoding(t *testing.T) {
	for name, data := range map[string]string{
		"UTF-8": text, "with a mark": mark8 + text,
		"little": encode(text, false, true), "big": encode(text, true, true),
		"little without a mark": encode(text, false, false), "big without": encode(text, true, false),
	} {
		if got, err := Decode([]byte(data)); err != nil || got != text {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
		r := NewReader(iotest.OneByteReader(strings.NewReader(data)))
		if got, err := io.ReadAll(r); err != nil || string(got) != text {
			t.Errorf("%s: read %q, %v", name, got, err)
		}
	}
	for _, short := range []string{"", "a", "ab", "\n"} {
		got, err := io.ReadAll(NewReader(strings.NewReader(short)))
		if err != nil || string(got) != short {
			t.Errorf("%q: read %q, %v", short, got, err)
		}
	}
}

func TestWhatIsNoTextIsRefused(t *testing.T) {
	for data, want := range map[string]string{
		"rose\ntulip\ng\xe4nse\n": "line 3 is not UTF-8", "\xff\xfea": "half a letter",
	} {
		if got, err := Decode([]byte(data)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %q, %v", data, got, err)
		}
	}
	if _, err := io.ReadAll(NewReader(strings.NewReader("\xff\xfea"))); err == nil {
		t.Error("half a letter: no error")
	}
	// A name of a file may have any bytes.
	if got, err := io.ReadAll(NewReader(strings.NewReader("g\xe4.jpg\n"))); string(got) != "g\xe4.jpg\n" {
		t.Errorf("got %q, %v", got, err)
	}
}

// TestAListThatIsTypedIsReadAtOnce: nothing waits for bytes that are not there yet.
func TestAListThatIsTypedIsReadAtOnce(t *testing.T) {
	r, w := io.Pipe()
	go w.Write([]byte("a\n")) // and no end
	p := make([]byte, 8)
	if n, err := NewReader(r).Read(p); string(p[:n]) != "a\n" {
		t.Errorf("got %q, %v", p[:n], err)
	}
}
