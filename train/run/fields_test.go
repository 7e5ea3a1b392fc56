package run

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/train/optim"
)

// TestEveryKeyOfTheFileIsAField: a setting without a field would be no flag, and
// two runs that differ in it would look the same.
func TestEveryKeyOfTheFileIsAField(t *testing.T) {
	for _, of := range []reflect.Type{reflect.TypeFor[Settings](), reflect.TypeFor[optim.Config]()} {
		for i := range of.NumField() {
			key, _, _ := strings.Cut(of.Field(i).Tag.Get("json"), ",")
			known := slices.ContainsFunc(fields, func(f Field) bool { return f.Key == key })
			if key != "optimizer_options" && key != "-" && !known {
				t.Errorf("no field for %q of config.json", key)
			}
		}
	}
}

// TestFieldsPointToTheirOwnValue: each field changes one value of the file, and
// no other field's.
func TestFieldsPointToTheirOwnValue(t *testing.T) {
	for _, f := range fields {
		plain, changed := Defaults(), Defaults()
		switch {
		case f.Text != nil:
			*f.Text(&changed) += "x"
		case f.Int != nil:
			*f.Int(&changed) += 3
		case f.Uint != nil:
			*f.Uint(&changed) += 3
		case f.Float != nil:
			*f.Float(&changed) += 0.25
		case f.Bool != nil:
			*f.Bool(&changed) = true
		case f.Floats != nil:
			*f.Floats(&changed) = Numbers{0.3, 0.5}
		}
		d := Differences(&plain, &changed)
		if len(d) != 1 || d[0].Key != f.Key {
			t.Errorf("%s: differs in %+v, want in %s alone", f.Name, d, f.Key)
		}
		f.Copy(&plain, &changed)
		if left := Differences(&plain, &changed); len(left) > 0 {
			t.Errorf("%s: copied, and still differs in %+v", f.Name, left)
		}
	}
}

func TestDifferencesAreAsInTheFile(t *testing.T) {
	a, b := Defaults(), Defaults()
	b.Arch, b.Drawn, b.AuxWeight = "tiny", 20, Numbers{0.3, 0.5}
	want := []Difference{
		{"drawn_images", "1000", "20"}, {"arch", `"v7-batchnorm"`, `"tiny"`}, {"aux_weight", "1", "[0.3,0.5]"},
	}
	if got := Differences(&a, &b); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestWordsAreWhatOneTypes(t *testing.T) {
	s := Defaults()
	s.Data, s.Strict, s.LR = "my photos", true, 0.01
	got := map[string]string{}
	for _, f := range fields {
		got[f.Name] = f.Word(&s)
	}
	for name, want := range map[string]string{
		"data": `--data "my photos"`, "drawn": "", "strict": "--strict", "augment": "--augment none",
		"lr": "--lr 0.01", "nesterov": "", "aux-weight": "--aux-weight 1", "seed": "--seed 1",
	} {
		if got[name] != want {
			t.Errorf("%s: got %q, want %q", name, got[name], want)
		}
	}
}
