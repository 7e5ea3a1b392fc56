package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/data"
)

// itemsOf picks the images to evaluate: of all, or of a part; and those among them
// that were no image, whatever their names say. The run's split says what is in a
// part, where there is a run, and the folder where not.
func itemsOf(set *data.Set, part, run string) (items []data.Item, lost []data.Problem, err error) {
	within, where, err := chosenPart(set, part, run)
	if err != nil {
		return nil, nil, err
	}
	items = slices.DeleteFunc(slices.Clone(set.Items), func(i data.Item) bool { return !within(i.Path) })
	if len(items) == 0 {
		return nil, nil, fmt.Errorf("--part %s: %s", part, where)
	}
	for _, p := range set.Problems {
		if p.Kind == data.Unreadable && within(p.Path) {
			lost = append(lost, p)
		}
	}
	return items, lost, nil
}

// chosenPart says which paths are in a part, and what is wrong where none is.
func chosenPart(set *data.Set, part, run string) (within func(path string) bool, none string, err error) {
	want := data.Part(part)
	switch {
	case part == "":
		return func(string) bool { return true }, "", nil
	case want != data.Train && want != data.Val && want != data.Test:
		return nil, "", usagef("--part: got %q, want train, val or test", part)
	case run == "":
		folders := map[string]data.Part{}
		for _, item := range set.Items {
			folders[topFolder(item.Path)] = item.Part
		}
		return func(path string) bool { return folders[topFolder(path)] == want },
			fmt.Sprintf("%s has no such part, want %s", set.Dir, filepath.Join(set.Dir, part, "CLASS", "1.jpg")), nil
	}
	dir, err := findRun(run)
	if err != nil {
		return nil, "", err
	}
	file := filepath.Join(dir, train.SplitFile)
	split, err := splitOf(file)
	if err != nil {
		return nil, "", err
	}
	parts := map[string]data.Part{}
	for _, item := range split.Items {
		parts[item.Path] = item.Part
	}
	return func(path string) bool { return parts[path] == want },
		fmt.Sprintf("%s has no image of %s there", file, set.Dir), nil
}

// topFolder is the first folder of a set's path.
func topFolder(path string) string {
	top, _, _ := strings.Cut(path, "/")
	return top
}

func splitOf(path string) (*data.Set, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fileError(err)
	}
	defer f.Close()
	return data.ReadSplit(f)
}
