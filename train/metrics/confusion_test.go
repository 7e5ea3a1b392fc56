package metrics

import (
	"encoding/json"
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"testing"
)

// among has n classes c0, c1 ... and these answers.
func among(n int, answers ...[2]int) *Confusion {
	labels := make([]string, n)
	for i := range labels {
		labels[i] = fmt.Sprintf("c%d", i)
	}
	c := NewConfusion(labels)
	for _, a := range answers {
		c.Add(a[0], a[1])
	}
	return c
}

func TestTheMostConfusedAreChosen(t *testing.T) {
	c := among(200, [2]int{150, 3}, [2]int{150, 3}, [2]int{7, 8}, [2]int{9, 9}, [2]int{9, 9})
	if got := c.MostConfused(3); !reflect.DeepEqual(got, []int{3, 7, 150}) {
		t.Errorf("got classes %v, want 3, 7, 150", got)
	}
	if got := c.MostConfused(500); len(got) != 200 {
		t.Errorf("got %d of 200 classes", len(got))
	}
	if want := []Cell{{"c150", "c3", 2}, {"c7", "c8", 1}}; !reflect.DeepEqual(c.Mistakes(), want) {
		t.Errorf("got mistakes %v, want %v", c.Mistakes(), want)
	}
	want := []Cell{{"c7", "c8", 1}, {"c9", "c9", 2}, {"c150", "c3", 2}}
	if !reflect.DeepEqual(c.Cells(), want) {
		t.Errorf("got cells %v, want %v", c.Cells(), want)
	}
}

func TestConfusionAsJSON(t *testing.T) {
	for n, want := range map[int]string{
		2:                `"counts":[[0,1],[0,1]]}`,
		DenseClasses + 1: `"cells":[[0,1,1],[1,1,1]]}`,
	} {
		c := among(n, [2]int{1, 1}, [2]int{0, 1})
		text, err := json.Marshal(c)
		if err != nil || !strings.HasPrefix(string(text), `{"labels":["c0","c1"`) ||
			!strings.HasSuffix(string(text), want) {
			t.Errorf("%d classes: got %s, %v, want the end %s", n, text, err, want)
		}
		back := new(Confusion)
		if err := json.Unmarshal(text, back); err != nil || !reflect.DeepEqual(back, c) {
			t.Errorf("%d classes: got %v, %v back, want %v", n, back, err, c)
		}
	}
	for _, text := range []string{`{"labels":["a"],"cells":[[0,1,1]]}`, `{"labels":[],"counts":[[1]]}`,
		`{"labels":["a"],"cells":[[-1,0,1]]}`} {
		if err := json.Unmarshal([]byte(text), new(Confusion)); err == nil {
			t.Errorf("%s: no error", text)
		}
	}
}

// TestTenThousandClasses: a matrix of all cells would have 800 MB.
func TestTenThousandClasses(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	c := among(10000)
	for i := range 30000 {
		c.Add(i%10000, (i*7)%10000)
	}
	text, err := json.Marshal(c)
	runtime.ReadMemStats(&after)
	if r := c.Report(); err != nil || len(r.Classes) != 10000 || c.N() != 30000 || c.Counts() != nil {
		t.Errorf("got %d scores, %d answers, %v", len(r.Classes), c.N(), err)
	}
	if used := (after.TotalAlloc - before.TotalAlloc) >> 20; used > 50 || len(text) > 1<<20 {
		t.Errorf("took %d MB, and %d bytes of JSON", used, len(text))
	}
}
