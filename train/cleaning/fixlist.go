package cleaning

import (
	"fmt"
	"io"

	"github.com/flowerctl/flowerctl/train/data"
	"github.com/flowerctl/flowerctl/train/table"
)

// LeftOut is an image that is better left out of a training.
type LeftOut struct {
	Path   string
	Class  string // "" of a file that is no image
	Reason string
	// Like is the picture that it repeats, or the class that it more likely is.
	Like string
}

// LeaveOut lists the images that are better left out, each once:
//
//   - files that cannot be read;
//   - of a picture that is there more than once under one class, all but one: the one in
//     the part test, else val, else the first;
//   - of a picture that is there under two classes, all: one label is wrong, and the
//     files do not say which. Where the labels were judged and exactly one class is not
//     doubtful, one image of it stays;
//   - images with doubtful labels, unless the network is a weak judge: see [Labels.Weak].
//
// Pictures that all look alike, as digits do, are no copies: see [data.Set.Groups].
func (r *Report) LeaveOut() ([]LeftOut, error) {
	groups, err := r.set.Groups()
	if err != nil {
		return nil, err
	}
	var list []LeftOut
	listed := map[string]bool{}
	add := func(path, class, reason, like string) {
		if !listed[path] {
			listed[path] = true
			list = append(list, LeftOut{path, class, reason, like})
		}
	}
	for _, p := range r.Problems {
		if p.Kind == data.Unreadable {
			add(p.Path, "", "unreadable: "+p.Reason, "")
		}
	}
	doubtful := map[int]bool{}
	trusted := r.Labels != nil && !r.Labels.Weak()
	if trusted {
		for _, d := range r.Labels.Doubtful {
			doubtful[d.item] = true
		}
	}
	for _, g := range groups {
		if len(g) < 2 {
			continue
		}
		keep, classes := r.keep(g, doubtful, trusted)
		for _, i := range g {
			if i == keep {
				continue
			}
			reason, like := r.repeats(g, i, keep, classes)
			add(r.set.Items[i].Path, r.class(i), reason, like)
		}
	}
	if trusted {
		for _, d := range r.Labels.Doubtful {
			add(d.Path, d.Label, fmt.Sprintf("doubtful label: %s %.1f %%, %s %.1f %%", d.Label,
				100*d.Probability, d.Likely, 100*d.LikelyProbability), d.Likely)
		}
	}
	return list, nil
}

// class is the name of an image's class, or those of its labels.
func (r *Report) class(item int) string { return r.set.Named(&r.set.Items[item]) }

// keep is the item of a group of copies that stays, -1 for none, and how many classes the
// group has.
func (r *Report) keep(group []int, doubtful map[int]bool, trusted bool) (keep, classes int) {
	of, sound := map[string]bool{}, map[string]bool{}
	for _, i := range group {
		of[r.class(i)] = true
		if !doubtful[i] {
			sound[r.class(i)] = true
		}
	}
	keep = -1
	if len(of) > 1 && (!trusted || len(sound) != 1) {
		return keep, len(of)
	}
	rank := map[data.Part]int{data.Val: 1, data.Test: 2}
	for _, i := range group {
		if doubtful[i] && len(sound) > 0 {
			continue
		}
		if keep < 0 || rank[r.set.Items[i].Part] > rank[r.set.Items[keep].Part] {
			keep = i
		}
	}
	return keep, len(of)
}

// repeats says why item i of a group of copies is left out, and for which picture.
func (r *Report) repeats(group []int, i, keep, classes int) (reason, like string) {
	other := keep
	for k := 0; other < 0; k++ { // the first of another class
		if r.class(group[k]) != r.class(i) {
			other = group[k]
		}
	}
	a, b := r.set.Items[i], r.set.Items[other]
	if reason = "looks alike"; a.SHA256 == b.SHA256 {
		reason = "same bytes"
	}
	if classes > 1 {
		reason += data.ApartBy(r.set.Multi)
	}
	if a.Part != b.Part {
		reason += ", in two parts"
	}
	return reason, b.Path
}

// WriteFixList writes LeaveOut as CSV: path, reason, class and like. The lines of images
// that should stay are deleted by hand.
func (r *Report) WriteFixList(w io.Writer) error {
	list, err := r.LeaveOut()
	if err != nil {
		return err
	}
	t := table.New("path", "reason", "class", "like")
	for _, l := range list {
		t.Add(l.Path, l.Reason, l.Class, l.Like)
	}
	return t.WriteCSV(w)
}
