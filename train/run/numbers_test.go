package run

import (
	"encoding/json"
	"slices"
	"testing"
)

func TestHeadWeightsSurviveJSON(t *testing.T) {
	for text, want := range map[string]Numbers{"0.3": {0.3}, "[0.3,0.5]": {0.3, 0.5}} {
		var got Numbers
		if err := json.Unmarshal([]byte(text), &got); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: read as %v, %v", text, got, err)
		}
		if back, err := json.Marshal(got); err != nil || string(back) != text {
			t.Errorf("%v: written as %s, %v, want %s", got, back, err, text)
		}
	}
	if err := json.Unmarshal([]byte(`"much"`), new(Numbers)); err == nil {
		t.Error("a word was read as weights")
	}
	if one, two := (Numbers{2}), (Numbers{3, 4}); one.of(1) != 2 || two.of(0) != 3 || two.of(1) != 4 {
		t.Error("one number is for all heads, several are for one each")
	}
}
