package data

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// className is the class that a folder or a label names: the name in the Unicode form NFC,
// as macOS writes é in two characters and others in one. Names with characters that change
// how a line is shown are an error, which reports quote.
func className(name string) (string, error) {
	if !utf8.ValidString(name) {
		return "", fmt.Errorf("%q is not UTF-8", name)
	}
	for _, r := range name {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || unicode.Is(unicode.Bidi_Control, r) {
			return "", fmt.Errorf("%q has the control character %U in its name", name, r)
		}
	}
	return norm.NFC.String(name), nil
}

// alike has, for letters of Cyrillic and Greek in lower case, the Latin ones that they
// look like (a part of Unicode's confusables.txt).
var alike = strings.NewReplacer(
	"а", "a", "в", "b", "с", "c", "ԁ", "d", "е", "e", "һ", "h", "і", "i", "ј", "j", "к", "k",
	"м", "m", "н", "h", "о", "o", "р", "p", "ԛ", "q", "ѕ", "s", "т", "t", "у", "y", "х", "x",
	"ԝ", "w", "α", "a", "β", "b", "ε", "e", "η", "n", "ι", "i", "κ", "k", "ν", "v", "ο", "o",
	"ρ", "p", "τ", "t", "υ", "u", "χ", "x", "γ", "y", "ı", "i", "’", "'", "‘", "'",
)

// folded is equal for names that look nearly the same: letter case, look-alikes of
// other alphabets, characters without width, and what is between words do not count.
func folded(name string) string {
	name = strings.ToLower(strings.ToUpper(norm.NFKC.String(name)))
	name = strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Cf, r):
			return -1
		case r == '_' || unicode.Is(unicode.Pd, r):
			return ' '
		}
		return r
	}, alike.Replace(name))
	return strings.Join(strings.Fields(name), " ")
}

// nearMisses looks for classes whose names look nearly the same. They are reported;
// where the folders are parts and one of them has no image to train on, that is the
// error, which names both.
func (sc *scanner) nearMisses(all []found) error {
	at := map[string]string{} // a folder of each class, in train where there is one
	trained := map[string]bool{}
	split := false
	for _, f := range all {
		if _, ok := at[f.class]; !ok || f.part == Train && !trained[f.class] {
			at[f.class] = classFolder(f)
		}
		trained[f.class] = trained[f.class] || f.part == Train
		split = split || f.part != ""
	}
	first := map[string]string{}
	for _, label := range sc.set.Labels {
		key := folded(label)
		other, ok := first[key]
		if !ok {
			first[key] = label
			continue
		}
		how := difference(other, label)
		if split && (!trained[label] || !trained[other]) {
			return fmt.Errorf("data %s: %q and %q differ %s, and are two classes: give them one name",
				sc.set.Dir, at[other], at[label], how)
		}
		sc.set.report(at[label], Name, fmt.Sprintf("another class than %q, from which its name differs %s",
			at[other], how))
	}
	return nil
}

// difference says in what two names differ that are equal when folded.
func difference(a, b string) string {
	lower := func(s string) string { return strings.ToLower(strings.ToUpper(s)) }
	switch {
	case lower(a) == lower(b):
		return "in letter case only"
	case strings.Join(strings.Fields(a), "") == strings.Join(strings.Fields(b), ""):
		return "in spaces only"
	}
	return fmt.Sprintf("in look-alike characters only (%+q, %+q)", a, b)
}

// classFolder is the folder of an image's class.
func classFolder(f found) string {
	n := 1
	if f.part != "" {
		n = 2
	}
	return strings.Join(strings.SplitN(f.path, "/", n+1)[:n], "/")
}
