package data

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// made is a set of n[c] images of class c without files. Each has a hash of its
// own, but for those that same gives another's path.
func made(n []int, same map[string]string) *Set {
	s := &Set{}
	for c, count := range n {
		s.Labels = append(s.Labels, string(rune('a'+c)))
		for i := range count {
			path := fmt.Sprintf("%s/%03d.jpg", s.Labels[c], i)
			of := path
			if other, ok := same[path]; ok {
				of = other
			}
			s.Items = append(s.Items, Item{Path: path, Class: c, SHA256: hashOf(of)})
		}
	}
	return s
}

// hashOf is in place of the hash of a file: its name, in hex, cut or filled up to 64.
func hashOf(name string) string {
	return (fmt.Sprintf("%x", name) + strings.Repeat("0", 64))[:64]
}

func TestSplitIsStratified(t *testing.T) {
	s := made([]int{100, 51, 7, 2}, nil)
	if err := s.Split(SplitOptions{Seed: 1}); err != nil {
		t.Fatal(err)
	}
	wantCounts(t, s, Train, "[80 41 6 1]")
	wantCounts(t, s, Val, "[20 10 1 1]")
	if s.SplitBy != "stratified 80/20" {
		t.Errorf("split by %q", s.SplitBy)
	}
	s = made([]int{100, 51, 7, 3}, nil)
	if err := s.Split(SplitOptions{Val: 0.15, Test: 0.1, Seed: 1}); err != nil {
		t.Fatal(err)
	}
	wantCounts(t, s, Train, "[75 38 5 1]")
	wantCounts(t, s, Val, "[15 8 1 1]")
	wantCounts(t, s, Test, "[10 5 1 1]")
	if s.SplitBy != "stratified 75/15/10" {
		t.Errorf("split by %q", s.SplitBy)
	}
}

// TestSplitSaysWhatWasDrawn: of three images one is a third, whatever was asked.
func TestSplitSaysWhatWasDrawn(t *testing.T) {
	s := made([]int{3, 3}, nil)
	if err := s.Split(SplitOptions{Seed: 1}); err != nil {
		t.Fatal(err)
	}
	if s.SplitBy != "stratified 67/33" {
		t.Errorf("split by %q", s.SplitBy)
	}
	s = made([]int{4, 4}, nil)
	if err := s.Split(SplitOptions{Val: 0.2, Test: 0.1, Seed: 1}); err != nil {
		t.Fatal(err)
	}
	if s.SplitBy != "stratified 50/25/25" {
		t.Errorf("split by %q", s.SplitBy)
	}
}

func wantCounts(t *testing.T, s *Set, p Part, want string) {
	t.Helper()
	if got := fmt.Sprint(s.Counts(p)); got != want {
		t.Errorf("%s: %s images, want %s", p, got, want)
	}
}

func TestSplitComesFromItsSeed(t *testing.T) {
	digest := func(seed uint64) string {
		s := made([]int{40, 40}, nil)
		if err := s.Split(SplitOptions{Seed: seed}); err != nil {
			t.Fatal(err)
		}
		return s.Digest()
	}
	first, again := digest(3), digest(3)
	if first != again {
		t.Error("the same seed gave two splits")
	}
	if first == digest(4) {
		t.Error("two seeds gave the same split")
	}
	// Whoever changes this changes every split that was ever made.
	if got, want := first, "a8e2091279009edada6a75dec3ac992393f2eea3dcb4091861b046057b068d45"; got != want {
		t.Errorf("the split of seed 3 has digest %s, was %s", got, want)
	}
}

func TestRepeatedImagesTakeOneSide(t *testing.T) {
	same := map[string]string{}
	for i := range 20 { // in one class, and across two
		same[fmt.Sprintf("a/%03d.jpg", 20+i)] = fmt.Sprintf("a/%03d.jpg", i)
		same[fmt.Sprintf("b/%03d.jpg", i)] = fmt.Sprintf("a/%03d.jpg", i)
	}
	for seed := range uint64(20) {
		s := made([]int{40, 40}, same)
		if err := s.Split(SplitOptions{Seed: seed}); err != nil {
			t.Fatal(err)
		}
		if err := s.Check(); err != nil {
			t.Error(err)
		}
		if len(s.Problems) != 20 || s.Problems[0].Kind != Duplicate || s.Problems[0].Path != "b/000.jpg" {
			t.Errorf("%d problems, want the 20 repeated under another class: %v", len(s.Problems), s.Problems)
		}
		if v := s.Counts(Val)[0]; v < 7 || v > 10 {
			t.Errorf("%d of 40 images for validation, want about 8", v)
		}
	}
}

func TestSplitKeepsGivenParts(t *testing.T) {
	same := map[string]string{"a/000.jpg": "a/003.jpg", "b/004.jpg": "b/005.jpg"}
	s := made([]int{6, 6}, same)
	for i := range s.Items {
		s.Items[i].Part = []Part{Train, Train, Train, Val, Val, Test}[i%6]
	}
	if err := s.Split(SplitOptions{Seed: 1}); err != nil {
		t.Fatal(err)
	}
	wantCounts(t, s, Train, "[2 3]") // a/000 is in val too
	wantCounts(t, s, Val, "[2 1]")   // b/004 is in test too
	wantCounts(t, s, Test, "[1 1]")
	wantEqual(t, "problems", problems(s), []string{"duplicate:a/000.jpg", "duplicate:b/004.jpg"})
	if s.SplitBy != "folders" {
		t.Errorf("split by %q", s.SplitBy)
	}
}

func TestSplitTakesValidationOutOfTrain(t *testing.T) {
	s := made([]int{20, 20}, nil)
	for i := range s.Items {
		s.Items[i].Part = Train
		if i%20 >= 15 {
			s.Items[i].Part = Test
		}
	}
	if err := s.Split(SplitOptions{Seed: 1}); err != nil {
		t.Fatal(err)
	}
	wantCounts(t, s, Train, "[12 12]")
	wantCounts(t, s, Val, "[3 3]")
	wantCounts(t, s, Test, "[5 5]")
	if s.SplitBy != "folders, stratified 80/20" {
		t.Errorf("split by %q", s.SplitBy)
	}
}

func TestSplitRefuses(t *testing.T) {
	wantError(t, made([]int{9, 1}, nil).Split(SplitOptions{}), `class "b" has 1 different images, want at least 2`)
	wantError(t, made([]int{9, 2}, map[string]string{"b/000.jpg": "b/001.jpg"}).Split(SplitOptions{}), `class "b"`)
	wantError(t, made([]int{9, 9}, nil).Split(SplitOptions{Val: 1}), "shares")
	wantError(t, made([]int{9, 9}, nil).Split(SplitOptions{Val: 0.5, Test: 0.5}), "shares")
	s := made([]int{4, 4}, nil)
	for i := range s.Items {
		s.Items[i].Part = []Part{Train, Val}[i/4] // a class that only val has
	}
	wantError(t, s.Split(SplitOptions{}), `class "b" has no image to train on`)
	s = made([]int{9, 9}, nil)
	s.Items[3].SHA256 = ""
	wantError(t, s.Split(SplitOptions{}), "a/003.jpg has no hash")
}

func TestSplitFileRoundTrip(t *testing.T) {
	s := made([]int{10, 10}, nil)
	s.Items[4].Path = "a/with \"quotes\", commas.jpg"
	if err := s.Split(SplitOptions{Seed: 2}); err != nil {
		t.Fatal(err)
	}
	s.Items[5].Part = Out
	var b bytes.Buffer
	if err := s.WriteSplit(&b); err != nil {
		t.Fatal(err)
	}
	got, err := ReadSplit(bytes.NewReader(b.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	wantEqual(t, "items", paths(got), paths(s))
	marked := append([]byte("\ufeff"), b.Bytes()...) // as a spreadsheet saves it
	if again, err := ReadSplit(bytes.NewReader(marked)); err != nil || again.Digest() != s.Digest() {
		t.Errorf("with a byte order mark: %v", err)
	}
	if got.Digest() != s.Digest() {
		t.Error("the digest changed on the way")
	}

	other := made([]int{10, 10}, nil)
	other.Items[4].Path = s.Items[4].Path
	if err := other.Apply(got); err != nil || other.Digest() != s.Digest() {
		t.Errorf("Apply: %v, digest %s, want %s", err, other.Digest(), s.Digest())
	}
	other.Items[7].SHA256 = hashOf("changed")
	wantError(t, other.Apply(got), "a/007.jpg")
	wantError(t, made([]int{10, 9}, nil).Apply(got), "20 images")
}

func TestReadSplitRefuses(t *testing.T) {
	sum, other := hashOf("x"), hashOf("y")
	const head = "path,class,part,sha256\n"
	for name, tt := range map[string]struct{ text, want string }{
		"empty":          {"", "first line"},
		"other header":   {"a,b,c,d\n", "first line"},
		"short row":      {head + "a/1.jpg,a,train\n", "line 2"},
		"part":           {head + "a/1.jpg,a,training," + sum + "\n", `line 2: part "training"`},
		"no class":       {head + "a/1.jpg,,train," + sum + "\n", "no class"},
		"leaves":         {head + "../1.jpg,a,train," + sum + "\n", "leaves the folder"},
		"absolute":       {head + "/etc/x.jpg,a,train," + sum + "\n", "leaves the folder"},
		"hash":           {head + "a/1.jpg,a,train,abc\n", "64 lower-case hex"},
		"listed twice":   {head + "a/1.jpg,a,train," + sum + "\na/1.jpg,a,val," + other + "\n", "listed twice"},
		"on both sides":  {head + "a/1.jpg,a,train," + sum + "\na/2.jpg,a,val," + sum + "\n", "the same image"},
		"another class":  {head + "a/1.jpg,a,train," + sum + "\nb/2.jpg,b,test," + sum + "\n", "the same image"},
		"broken quoting": {head + "\"a/1.jpg,a,train," + sum + "\n", "split.csv"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ReadSplit(strings.NewReader(tt.text))
			wantError(t, err, tt.want)
		})
	}
}

func FuzzReadSplit(f *testing.F) {
	var b bytes.Buffer
	if err := made([]int{2, 3}, nil).WriteSplit(&b); err != nil {
		f.Fatal(err)
	}
	f.Add(strings.ReplaceAll(b.String(), ",,", ",val,"))
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ReadSplit(strings.NewReader(text))
		if err != nil {
			return
		}
		var b bytes.Buffer
		if err := s.WriteSplit(&b); err != nil {
			t.Fatal(err)
		}
		again, err := ReadSplit(&b)
		if err != nil || again.Digest() != s.Digest() {
			t.Errorf("written and read again: %v", err)
		}
	})
}
