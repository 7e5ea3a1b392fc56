package data

import "testing"

func TestOfTakesThePartOfFoldersOrOfASplit(t *testing.T) {
	set := &Set{Labels: []string{"rose"}, Items: []Item{{Path: "train/rose/1.jpg", Part: Train},
		{Path: "val/rose/1.jpg", Part: Val}, {Path: "val/rose/2.jpg", Part: Val}},
		Problems: []Problem{{Path: "val/rose/words.jpg", Kind: Unreadable}, {Path: "train/rose/words.jpg", Kind: Unreadable},
			{Path: "val/notes.txt", Kind: Stray}}}
	split := &Set{Items: []Item{{Path: "train/rose/1.jpg", Part: Val}, {Path: "val/rose/1.jpg", Part: Train}}}
	for _, c := range []struct {
		part       Part
		split      *Set
		items      []string
		unreadable []string
	}{
		{"", nil, []string{"train/rose/1.jpg", "val/rose/1.jpg", "val/rose/2.jpg"}, []string{"val/rose/words.jpg", "train/rose/words.jpg"}},
		{Val, nil, []string{"val/rose/1.jpg", "val/rose/2.jpg"}, []string{"val/rose/words.jpg"}},
		{Test, nil, nil, nil},
		{Val, split, []string{"train/rose/1.jpg"}, nil},
	} {
		items, unreadable := set.Of(c.part, c.split)
		var got, lost []string
		for _, i := range items {
			got = append(got, i.Path)
		}
		for _, p := range unreadable {
			lost = append(lost, p.Path)
		}
		wantEqual(t, "images of "+string(c.part), got, c.items)
		wantEqual(t, "unreadable of "+string(c.part), lost, c.unreadable)
	}
}
