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
		"JSON lines":         `{"id": 2, "label": "black-eyed susan"}` + "\n\n" + `{"id": 0, "label": "ash"}` + "\n" + `{"id": 1, "label": "beech"}`,
		"data.yaml":          "# flowers\npath: ../x\ntrain: images/train\nnc: 3\nnames:\n  2: black-eyed susan\n  0: ash # a tree\n  1: beech\n",
		"data.yaml, flow":    "train: ../train\nnc: 3\nnames: ['ash', 'beech', 'black-eyed susan']\n\nroboflow:\n  project: a\n",
		"data.yaml, dashes":  "names:\n- ash\n- beech\n- black-eyed susan\nnc: 3\n",
		"YAML, one line":     "names: {0: ash, 1: beech, 2: black-eyed susan}",
		"YAML of Windows":    "names:\r\n- ash\r\n- beech\r\n- black-eyed susan\r\n",
		"YAML, a comment":    "names: # flowers\n- ash\n- beech\n- black-eyed susan\n",
		"YAML, by name":      "names:\n  beech: 1\n  ash: 0\n  black-eyed susan: 2\n",
		"a document of YAML": "---\n0: ash\n1: beech\n2: black-eyed susan\n",
		"label map":          "item {\n  id: 2\n  name: 'beech'\n}\nitem {\n  name: \"/m/1\"\n  id: 1\n  display_name: \"ash\"\n}\nitem { id: 3 name: 'black-eyed susan' }",
		"label map, colons":  "item: { id: 1 name: 'ash' }\nitem: { id: 2 name: 'beech' }\nitem: { id: 3 name: 'black-eyed susan' }",
		"pandas, tabs":       "\tlabel\n1\tbeech\n0\tash\n2\tblack-eyed susan\n",
		"R":                  "\"label\"\n\"2\"\t\"beech\"\n\"1\"\t\"ash\"\n\"3\"\t\"black-eyed susan\"\n",
		"pandas, by name":    ",count\nash,5\nbeech,1\nblack-eyed susan,9\n",
		"pandas":             ",label\n0,ash\n1,beech\n2,black-eyed susan\n",
		"pandas, counts":     ",label,count\n1,beech,5\n0,ash,0\n2,black-eyed susan,9\n",
		"more columns":       "class_id,class_name,train,test\n1,beech,100,20\n0,ash,80,20\n2,black-eyed susan,70,20\n",
		"counts":             "label,count\nash,3\nbeech,1\nblack-eyed susan,2\n",
		"label is a number":  "label,name\n1,beech\n0,ash\n2,black-eyed susan\n",
		"class is a number":  "class;flower\n1;beech\n0;ash\n2;black-eyed susan\n",
		"label, behind":      "name,label\nbeech,1\nash,0\nblack-eyed susan,2\n",
		"pandas, label":      ",label,name\n0,1,beech\n1,2,black-eyed susan\n2,0,ash\n",
		"two numbers":        "id,label,class_name\n2,1,beech\n1,0,ash\n3,2,black-eyed susan\n",
		"pandas, a series":   ",0\n0,ash\n1,beech\n2,black-eyed susan\n",
		"two names":          "name,category\nash,tree\nbeech,tree\nblack-eyed susan,flower\n",
		"notes":              "class,flower,note\n1,beech,\n0,ash,old\n2,black-eyed susan,\n",
		"spaces around":      "class ; flower\n1 ; beech\n0 ; ash\n2 ; black-eyed susan",
		"quotes in cells":    "id,name,size\n0,'ash',5\"\n1,'beech',6\"\n2,'black-eyed susan',7\"\n",
		"no head, 2 numbers": "1;beech;0\n0;ash;1\n2;black-eyed susan;2\n",
		"without a head":     "1;beech;1.5\n0;ash;2.5\n2;black-eyed susan;0.5\n",
		"Excel":              "sep=;\r\n0;ash\r\n1;beech\r\n2;black-eyed susan\r\n",
		"pages":              "ash\n\fbeech\n\fblack-eyed susan",
		"an old Mac":         "ash\rbeech\rblack-eyed susan\r",
		"numbers with dots":  "2. beech\n1. ash\n3. black-eyed susan",
		"arrows":             "beech -> 1\nash -> 0\nblack-eyed susan -> 2",
		"dashes":             "- ash\n- beech\n- black-eyed susan\n",
		"asterisks":          "* ash\n* beech\n* black-eyed susan\n",
		"quotes":             "\"ash\"\n\"beech\"\n\"black-eyed susan\"\n",
		"of a program":       "'ash',\n'beech',\n'black-eyed susan'\n",
		"no last comma":      "\"ash\",\n\"beech\",\n\"black-eyed susan\"\n",
		"torchvision":        `{"class_to_idx": {"beech": 1, "ash": 0, "black-eyed susan": 2}}`,
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

// TestClassesMayBeCalledAsColumnsAre: the first line is a class.
func TestClassesMayBeCalledAsColumnsAre(t *testing.T) {
	for _, text := range []string{"0,label\n1,name", "1,label\n2,name"} {
		if got, err := Parse(text); err != nil || strings.Join(got, "|") != "label|name" {
			t.Errorf("%q: got %q, %v", text, got, err)
		}
	}
}

// TestNamesMayBeNumbers where a column is called as names are, and none has others.
func TestNamesMayBeNumbers(t *testing.T) {
	if got, err := Parse("label,class\n9,1\n8,0"); err != nil || strings.Join(got, "|") != "8|9" {
		t.Errorf("got %q, %v", got, err)
	}
}

// TestNumbersInNamesStay where they do not count the classes.
func TestNumbersInNamesStay(t *testing.T) {
	for _, text := range []string{"1 euro\n2 euro\n5 euro", "1 euro\n2 euro", "7 up\ncola\n",
		"model 3\nmodel 5", "n01440764 tench, Tinca tinca\nn01443537 goldfish", "rose (red)\nrose (white)",
		"tench, Tinca tinca\ngoldfish, Carassius auratus\nray, Torpedo, fish", "1. FC\n2. Liga\n1. Liga",
		"'round\nsquare'", "\"ash\nbeech\",label", "\"a\" \"b\"\n\"c\" \"d\"", "sep=arate\nash",
		"a \"b\" c\nd", "names\nlabels: of paper"} {
		got, err := Parse(text)
		if err != nil || strings.Join(got, "\n") != strings.TrimSpace(text) {
			t.Errorf("%q: got %q, %v", text, got, err)
		}
	}
}

func TestWhatCannotBeMeantIsRefused(t *testing.T) {
	for text, want := range map[string]string{
		"\n":                                    "no labels in it",
		"[]":                                    "no list of names",
		",":                                     "no list of names",
		"id,name,x\n1,ash,a\n4,beech,a\n":       "2 names with the number 4",
		"path,label\na.jpg,ash\nb.jpg,beech\n":  "it lists pictures",
		"a.jpg,ash\nb.jpg,beech":                "it lists pictures",
		"x/a.jpg 0\nx/b.png 1":                  "it lists pictures",
		"a.jpg\nb.JPEG":                         "it lists pictures",
		"train: a\nnc: 2\nval: b":               "no list of names",
		"item {\n id: 1\n name: 'a'\n}\nitem {": "1 of 2 items of the label map can be read",
		"name,label\na,5\nb,9":                  "2 names with the number 5 (a)",
		"id,label,name\n0,1,a\n1,0,b":           "the columns id and label number the names differently",
		"PK\x03\x04":                            "it has the character U+0003",
		"names: [&a ash, *a]":                   "an alias of YAML",
		"item {\n name: 'a'\n}":                 "item 1 of the label map has no id",
		"0: ash\n1: ":                           "class 1 has no name",
		"0: ash\n2: beech":                      "the number 2 (beech)",
		"0: ash\n0: beech":                      "the number 0 is there twice",
		`["ash", "beech"`:                       "neither JSON nor a value of Python",
		"[":                                     "neither JSON nor a value of Python",
		" {\n":                                  "neither JSON nor a value of Python",
		"(":                                     "neither JSON nor a value of Python",
		`{"a": "b"}`:                            "no list of names",
		`["ash", 3, {}]`:                        "item 2",
		`["ash", "` + "\\uzzzz":                 "hexadecimal",
		strings.Repeat("[", 99):                 "too many",
		"class,latin,english\n0,a,b\n1,c,d":     "the columns latin and english may both be the names",
		"item { id: 1 name: 'a\nb' }":           "class 0 has no name",
		"sep=;":                                 "no list of names",
		"[1, \"ash\"]\n[0, \"beech\"]":          "neither JSON",

		"names: " + strings.Repeat("[", 99) + strings.Repeat("]", 99): "too many lists",
	} {
		if got, err := Parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %q, %v", text, got, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{"0: a\n1: b", `{"0": ["x", "a"], 1: 'b'}`, `["\ud83c\udf39"]`, "a,b", "id;n\n0;a\n1;b", "(",
		"names: {0: a}\nx: &a [b]\ny: *a", "item { id: 1 name: 'a' }", ",label\n0,a\n1,b", "- 'a',\n- 'b'"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		names, err := Parse(text)
		if err == nil && len(names) == 0 {
			t.Error("no names and no error")
		}
	})
}
