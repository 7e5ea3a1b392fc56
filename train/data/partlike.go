package data

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"unicode"
)

// partLike is the part that a folder's name speaks of without being it, as train_set,
// seg_train, TestImages and Training Data do; "" for others.
func partLike(name string) Part {
	var words []string
	word := func(r rune) bool { return !unicode.IsLetter(r) }
	for _, w := range strings.FieldsFunc(name, word) {
		words = append(words, w)
		// The words of CamelCase begin with capitals.
		for i, r := range w {
			if i > 0 && unicode.IsUpper(r) {
				words = append(words, w[:i])
				break
			}
		}
	}
	for _, w := range words {
		switch strings.ToLower(w) {
		case "dev", "eval": // are words of other folders
		default:
			for _, end := range []string{"", "set", "data", "images"} {
				if p := partOf(strings.TrimSuffix(strings.ToLower(w), end)); p != "" {
					return p
				}
			}
		}
	}
	return ""
}

// checkPartLike refuses folders that look like the parts of a split set: the names of most
// say so, and what is called training has class folders inside. As classes they would be
// trained one part against another.
func (sc *scanner) checkPartLike(folders []string) error {
	byPart := map[Part]string{}
	for _, f := range folders {
		if p := partLike(f); p != "" && byPart[p] == "" {
			byPart[p] = f
		}
	}
	other := byPart[Test]
	if byPart[Val] != "" {
		other = byPart[Val]
	}
	if byPart[Train] == "" || other == "" || !sc.look(other).pictures() {
		return nil
	}
	c := sc.look(byPart[Train])
	for len(c.inner) == 1 && !c.direct {
		c = sc.look(path.Join(c.name, c.inner[0]))
	}
	if c.direct || len(c.inner) < 2 {
		return nil
	}
	balance := 0
	for _, f := range folders {
		if partLike(f) != "" {
			balance++
		} else if sc.look(f).pictures() {
			balance--
		}
	}
	if balance <= 0 {
		return nil // classes, of which some are called so
	}
	slices.Sort(c.inner)
	return fmt.Errorf("data %s: by their names %s and %s are parts of a split set, and no classes; the "+
		"folders %s are inside, in %s: move them to train/CLASS, and the others to val/CLASS or test/CLASS",
		sc.set.Dir, byPart[Train], other, few(c.inner), sc.file(c.name))
}

// noteSameInside notes classes that have no pictures of their own and all the same folders,
// as original and augmented, or fold1 and fold2, have the classes inside.
func (sc *scanner) noteSameInside(all []found) {
	shared := map[string]int{} // how many classes have a folder of this name
	inside := map[string]map[string]bool{}
	for _, f := range all {
		parts := strings.SplitN(f.path, "/", 3)
		if f.part != "" || len(parts) < 3 {
			return
		}
		if inside[parts[0]] == nil {
			inside[parts[0]] = map[string]bool{}
		}
		if !inside[parts[0]][parts[1]] {
			inside[parts[0]][parts[1]] = true
			shared[parts[1]]++
		}
	}
	var names []string
	for name, n := range shared {
		if n == len(inside) {
			names = append(names, name)
		}
	}
	if len(inside) < 2 || len(names) < 2 || 2*len(names) < len(shared) {
		return
	}
	slices.Sort(names)
	outer := slices.Sorted(maps.Keys(inside))
	sc.set.Notes = append(sc.set.Notes, fmt.Sprintf("%s are taken for classes, and the folders %s are inside "+
		"each: if those are the classes, give the folder around them, such as %s", few(outer), few(names),
		sc.file(outer[0])))
}
