package labels

import (
	"strings"
	"testing"
)

func TestNamesOfOtherTools(t *testing.T) {
	const want = "ash|beech|black-eyed susan"
	for name, text := range map[string]string{
		"lines":              "ash\r\n\n  beech \nblack-eyed susan",
		"numbers":            "2: black-eyed susan\n0: ash\n1: beech\n",
		"numbers from 1":     "1 ash\n2 beech\n3 black-eyed susan",
		"csv":                "index,label\n1,beech\n0,ash\n2,\"black-eyed susan\"\n",
		"csv, name first":    "name;id\nbeech;1\nash;0\nblack-eyed susan;2",
		"tab":                "0\tash\n1\tbeech\n2\tblack-eyed susan",
		"number behind":      "ash 0\nblack-eyed susan 2\nbeech 1",
		"yaml":               "0: ash\n1: 'beech'\n2: \"black-eyed susan\"",
		"one line":           "ash, beech,black-eyed susan,",
		"one line, quotes":   `"ash";"beech";"black-eyed susan"`,
		"list":               `["ash", "beech", "black-eyed susan"]`,
		"list of Python":     `['ash', "beech", 'black-eyed susan']`,
		"map":                `{"10": "no"}`,
		"id map":             `{"2": "black-eyed susan", "0": "ash", "1": "beech"}`,
		"map of Python":      `{0: 'ash', 2: 'black-eyed susan', 1: 'beech'}`,
		"label2id":           `{"beech": 1, "ash": 0, "black-eyed susan": 2}`,
		"class index":        `{"0": ["n1", "ash"], "1": ["n2", "beech"], "2": ["n3", "black-eyed susan"]}`,
		"config.json":        `{"id2label": {"0": "ash", "1": "beech", "2": "black-eyed susan"}, "label2id": {"ash": 0}}`,
		"timm's config.json": `{"num_classes": 3, "label_names": ["ash", "beech", "black-eyed susan"]}`,
		"categories":         `{"categories": [{"id": 2, "name": "beech"}, {"id": 1, "name": "ash"}, {"id": 3, "name": "black-eyed susan"}]}`,
		"escapes":            `["\u0061sh", 'b\x65ech', "black\u002deyed susan"]`,
	} {
		got, err := Parse(text)
		if name == "map" {
			if err == nil || !strings.Contains(err.Error(), "number 10") {
				t.Errorf("got %q, %v", got, err)
			}
		} else if err != nil || strings.Join(got, "|") != want {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
}

// TestNumbersInNamesStay where they do not count the classes.
func TestNumbersInNamesStay(t *testing.T) {
	for _, text := range []string{"1 euro\n2 euro\n5 euro", "1 euro\n2 euro", "7 up\ncola\n",
		"model 3\nmodel 5", "n01440764 tench, Tinca tinca\nn01443537 goldfish", "rose (red)\nrose (white)"} {
		got, err := Parse(text)
		if err != nil || strings.Join(got, "\n") != strings.TrimSpace(text) {
			t.Errorf("%q: got %q, %v", text, got, err)
		}
	}
}

func TestWhatCannotBeMeantIsRefused(t *testing.T) {
	for text, want := range map[string]string{
		"\n":                    "no labels in it",
		"[]":                    "no list of names",
		",":                     "no list of names",
		"0: ash\n1: ":           "class 1 has no name",
		"0: ash\n2: beech":      "the number 2 (beech)",
		"0: ash\n0: beech":      "the number 0 is there twice",
		`["ash", "beech"`:       "neither JSON nor a value of Python",
		"[":                     "neither JSON nor a value of Python",
		" {\n":                  "neither JSON nor a value of Python",
		"(":                     "neither JSON nor a value of Python",
		`{"a": "b"}`:            "no list of names",
		`["ash", 3, {}]`:        "item 2",
		`["ash", "` + "\\uzzzz": "hexadecimal",
		strings.Repeat("[", 99): "too many",
	} {
		if got, err := Parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %q, %v", text, got, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{"0: a\n1: b", `{"0": ["x", "a"], 1: 'b'}`, `["\ud83c\udf39"]`, "a,b", "id;n\n0;a\n1;b", "("} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		names, err := Parse(text)
		if err == nil && len(names) == 0 {
			t.Error("no names and no error")
		}
	})
}
