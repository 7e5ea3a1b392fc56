package data

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/fixtures/links"
)

// listFile writes a list of pictures.
func listFile(t testing.TB, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestListsOfPicturesAreReadInEveryForm(t *testing.T) {
	want := []LabelRow{{Path: "a.jpg", Labels: []string{"red", "round"}}, {Path: "b,c.jpg"},
		{Path: "d.jpg", Labels: []string{"red"}}}
	for name, text := range map[string]string{
		"comma.csv":     "path,label\na.jpg,red|round\n\"b,c.jpg\",\nd.jpg,red\n",
		"order.csv":     "Labels,ignored,File\nred;round,1,a.jpg\n,2,\"b,c.jpg\"\n red ,3,d.jpg\n",
		"semicolon.csv": "\xef\xbb\xbfimage;class\r\na.jpg;red | round\r\nb,c.jpg;\r\nd.jpg;red\r\n",
		"tab.tsv":       "filename\ttags\na.jpg\tred|round|red\nb,c.jpg\t\nd.jpg\tred\n",
		"headless.csv":  "a.jpg,red|round\n\"b,c.jpg\",\nd.jpg,red\n",
		"onehot.csv":    ",path,red,round\n0,a.jpg,1,1.0\n1,\"b,c.jpg\",0,false\n2,d.jpg,True,0\n",
		"pandas.csv":    "path,labels\na.jpg,\"['red', 'round']\"\n\"b,c.jpg\",[]\nd.jpg,\"[\"\"red\"\"]\"\n",
		"numpy.csv":     "path,labels\na.jpg,['red' 'round']\n\"b,c.jpg\",\nd.jpg,['red']\n",
		"excel.csv":     "path;label;\na.jpg;red|round;\nb,c.jpg;;\n;;\nd.jpg;red;\n;;\n ;;\n",
		"UTF-16.csv":    utf16LE("path,label\na.jpg,red|round\n\"b,c.jpg\",\nd.jpg,red\n"),
		"list.jsonl": `{"path":"a.jpg","labels":["red","round"],"w":1}` + "\n\n" +
			`{"labels":[],"path":"b,c.jpg"}` + "\n" + `{"path":"d.jpg","label":"red","split":null}`,
		"other.txt": `{"file_name":"a.jpg","class":["red","round"]}` + "\n" +
			`{"file_name":"b,c.jpg","class":null}` + "\n" + `{"file_name":"d.jpg","class":"red"}`,
	} {
		list, err := ReadLabelList(listFile(t, name, text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for i := range list.Rows {
			list.Rows[i].Line = 0
		}
		if !reflect.DeepEqual(list.Rows, want) {
			t.Errorf("%s: got %+v, want %+v", name, list.Rows, want)
		}
	}
}

func TestListsSayWhatIsWrongWithThem(t *testing.T) {
	for text, want := range map[string]string{
		"":                                   "nothing in it",
		"path,label\n":                       "no picture in it",
		"hello\n":                            "no column is called path",
		"path\na.jpg\n":                      "no column for the labels",
		"path,label,labels\na.jpg,b,c\n":     "line 1: the columns label and labels both look like",
		"path,red,red\na.jpg,1,0\n":          "two columns are called red",
		"path,red,width\na.jpg,1,640\n":      `line 2: no column is called label, so each is a label with 0 and 1, and width is "640"`,
		"path,label\na.jpg,red,round\n":      "line 2: 3 columns, want 2 as in the first line",
		"path,label\n\n,red\n":               "line 3: it names no picture",
		"path,label,split\na.jpg,red,half\n": `line 2: its split is "half", want train, val or test`,
		"path,label\na.jpg,re\x07d\n":        "line 2: label",
		"a.jpg,red,round\n":                  "3 columns without names",
		`[{"path":"a.jpg"}]`:                 "one list of JSON, and not JSON lines",
		`{"path":"a.jpg"}`:                   "line 1: no key is called label",
		`{"label":"red"}`:                    "line 1: no key is called path",
		`{"path":"a.jpg","label":{"red":1}}`: "a label is neither a text nor a number",
		`{"path":1,"label":"red"}`:           "path is no text: 1",
		`{"path":`:                           "no object of JSON",
		"path,label\ng\xe4.jpg,red\n":        "line 2 is not UTF-8",
	} {
		_, err := ReadLabelList(listFile(t, "list.csv", text))
		var about *ListError
		if !errors.As(err, &about) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
}

// listed is a folder of pictures, a.png to d.png and roses/1.png.
func listed(t *testing.T) string {
	t.Helper()
	return folder(t, map[string]string{"a.png": "#0", "b.png": "#40", "c.png": "#80", "d.png": "#120",
		"roses/1.png": "#160"})
}

func TestAListOfOneLabelEachIsTheSetOfTheFolders(t *testing.T) {
	files := map[string]string{}
	var text strings.Builder
	fmt.Fprintln(&text, "path,label")
	for i := 5; i >= 0; i-- { // in another order
		class := []string{"rose", "tulip"}[i%2]
		files[fmt.Sprintf("%s/%d.png", class, i)] = fmt.Sprint("#", 40*i)
		fmt.Fprintf(&text, "%s/%d.png,%s\n", class, i, class)
	}
	dir := folder(t, files)
	folders, err := Scan(t.Context(), dir, ScanOptions{})
	if err != nil {
		t.Fatal(err)
	}
	list, err := ReadLabelList(listFile(t, "list.csv", text.String()))
	if err != nil {
		t.Fatal(err)
	}
	set, err := ScanList(t.Context(), dir, list, false, ScanOptions{})
	if err != nil {
		t.Fatal(err)
	}
	set.List = ""
	if !reflect.DeepEqual(set, folders) {
		t.Errorf("got %+v, want %+v", set, folders)
	}
}

func TestAListWithSeveralLabelsOrNoneSaysSo(t *testing.T) {
	dir := listed(t)
	for text, want := range map[string]string{
		"path,label\na.png,red\nb.png,round|red\nc.png,\nd.png,round\n": "multi-label: of 4 pictures 1 have " +
			"several labels, 1 none; b.png has round, red",
		"path,label\na.png,red\na.png,round\nb.png,round\nc.png,red\n": "multi-label: of 3 pictures 1 have " +
			"several labels, 0 none; a.png has red, round",
	} {
		list, err := ReadLabelList(listFile(t, "list.csv", text))
		if err != nil {
			t.Fatal(err)
		}
		set, err := ScanList(t.Context(), dir, list, false, ScanOptions{})
		if err != nil || !set.Multi || len(set.Notes) != 1 || set.Notes[0] != want {
			t.Fatalf("got %+v, %v, want %q", set, err, want)
		}
		for _, it := range set.Items {
			if !slices.IsSorted(it.Labels) {
				t.Errorf("%s: got labels %v, want them in order", it.Path, it.Labels)
			}
		}
	}
	list, err := ReadLabelList(listFile(t, "list.csv", "path,red,big,round\na.png,1,0,0\n"+
		"roses\\1.png,0,0,1\na.png,1,0,0\ngone.png,0,0,1\n"))
	if err != nil {
		t.Fatal(err)
	}
	set, err := ScanList(t.Context(), dir, list, true, ScanOptions{})
	if err != nil {
		t.Fatal(err)
	}
	items := []Item{{Path: "a.png", Class: 0, Labels: []int{0}}, {Path: "roses/1.png", Class: 1, Labels: []int{1}}}
	if !reflect.DeepEqual(set.Items, items) || !reflect.DeepEqual(set.Labels, []string{"red", "round"}) {
		t.Errorf("got %+v of %q", set.Items, set.Labels)
	}
	for _, want := range []string{"counted once: 1 row: a.png in line 4", "multi-label, as asked", "no picture has the label big"} {
		if !strings.Contains(strings.Join(set.Notes, "\n"), want) {
			t.Errorf("got %q, want %q among them", set.Notes, want)
		}
	}
	if len(set.Problems) != 1 || set.Problems[0].Path != "gone.png" {
		t.Errorf("got %v, want gone.png", set.Problems)
	}
}

func TestAListDoesNotLeaveItsFolder(t *testing.T) {
	outer := listed(t)
	dir := filepath.Join(outer, "roses")
	for link, target := range map[string]string{"out.png": "../a.png", "up": "..", "in.png": "1.png"} {
		links.Make(t, target, filepath.Join(dir, link))
	}
	links.Make(t, "roses", filepath.Join(outer, "link"))
	for path, want := range map[string]string{
		"../a.png": "../a.png is outside", filepath.Join(outer, "a.png"): "is outside",
		`..\a.png`: "is outside", `C:\a.png`: "is outside", "x/../../a.png": "is outside",
		"out.png": "is a link out of", "up/a.png": "is a link out of", "1.png": "",
		"in.png": "", "./x/../1.png": "", filepath.Join(dir, "1.png"): "", "../roses/1.png": "",
		"x/../../roses/1.png": "", filepath.Join(outer, "link", "1.png"): "", dir: "is outside",
		filepath.Join(dir, "out.png"): "is a link out of", "up": "is a link out of", "none.png": "none of its 1 picture",
	} {
		list, err := ReadLabelList(listFile(t, "list.csv", "path,label\n"+path+",red\n"))
		if err != nil {
			t.Fatal(err)
		}
		_, err = ScanList(t.Context(), dir, list, true, ScanOptions{})
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", path, err, want)
		}
	}
}

func TestAPartOfAListIsThatOfAllItsRows(t *testing.T) {
	dir := listed(t)
	for text, want := range map[string]string{
		"path,label,split\na.png,x,train\nb.png,y,\n":      "line 3: b.png has no split, and others have one",
		"path,label,split\na.png,x,train\na.png,y,val\n":   `line 3: a.png is of part "val" here and "train" in line 2`,
		"path,label,split\na.png,x,Train\nb.png,y,valid\n": "",
	} {
		list, err := ReadLabelList(listFile(t, "list.csv", text))
		if err != nil {
			t.Fatal(err)
		}
		set, err := ScanList(t.Context(), dir, list, false, ScanOptions{})
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
		if err == nil && (set.Items[0].Part != Train || set.Items[1].Part != Val) {
			t.Errorf("got %v", set.Items)
		}
	}
}

func FuzzLabelList(f *testing.F) {
	f.Add("path,label\na.jpg,red|round\n")
	f.Add(`{"path":"a.jpg","labels":["red",1]}`)
	f.Add("a.jpg;x\n\"b\";y\n")
	f.Fuzz(func(t *testing.T, text string) {
		for _, name := range []string{"a.csv", "a.jsonl"} {
			list, err := ReadLabelList(listFile(t, name, text))
			if err == nil && len(list.Rows) == 0 {
				t.Error("a list without a row is no error")
			}
		}
	})
}
