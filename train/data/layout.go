package data

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// partNames are the folders of a set that is split already, in lower case.
var partNames = map[string]Part{
	"train": Train, "training": Train,
	"val": Val, "valid": Val, "validation": Val, "dev": Val,
	"test": Test, "testing": Test, "eval": Test,
}

func partOf(name string) Part { return partNames[strings.ToLower(name)] }

// content is where a folder has its pictures.
type content struct {
	name   string
	direct bool     // pictures beside its folders
	inner  []string // folders with pictures in or below them
}

func (c content) pictures() bool { return c.direct || len(c.inner) > 0 }

// layout says which of the set's folders are parts. Where it returns none, the
// folders are classes. Folders without pictures decide nothing.
func (sc *scanner) layout(folders []string) (parts []string, err error) {
	if !slices.ContainsFunc(folders, func(f string) bool { return partOf(f) != "" }) {
		return nil, sc.checkPartLike(folders)
	}
	var others, with []content
	different, nested, flat := map[Part]bool{}, "", true
	for _, f := range folders {
		c := sc.look(f)
		switch p := partOf(f); {
		case p == "" && c.pictures():
			others = append(others, c)
		case p != "":
			parts = append(parts, f)
			if c.pictures() {
				with, different[p] = append(with, c), true
			}
			if len(c.inner) > 0 {
				flat = false
				if nested == "" || p == Train {
					nested = f
				}
			}
		}
	}
	split := different[Train]
	switch {
	case len(others) > 0 && nested != "":
		return nil, fmt.Errorf("data %s: %s holds class folders, as a part of a split set does, and "+
			"%s beside it holds pictures too: move %s elsewhere or into a class folder of %s; "+
			"if %s is a class, move its pictures out of its folders",
			sc.set.Dir, nested, others[0].name, others[0].name, nested, nested)
	case len(others) > 0 && split && len(different) > 1:
		return nil, fmt.Errorf("data %s: %s and %s are names of parts, and %s beside them holds "+
			"pictures too: want either a folder for each class, or %s/CLASS and %s/CLASS",
			sc.set.Dir, with[0].name, with[1].name, others[0].name, with[0].name, with[1].name)
	case len(others) > 0 || len(with) == 0:
		return nil, nil
	case flat && (split || len(different) > 1):
		return nil, fmt.Errorf("data %s: the pictures of %s are in no class folders: want %s/CLASS "+
			"with the pictures of each class", sc.set.Dir, with[0].name, with[0].name)
	case !split && len(with) > 1:
		return nil, fmt.Errorf("data %s: %s and %s are names of parts, and no train folder with "+
			"pictures is beside them", sc.set.Dir, with[0].name, with[1].name)
	case !split:
		return nil, nil
	}
	return parts, nil
}

// look finds where the folder rel has its pictures; what cannot be read has none.
func (sc *scanner) look(rel string) content {
	c := content{name: rel}
	entries, _ := os.ReadDir(sc.file(rel)) // listed again, with its error, afterwards
	for _, e := range entries {
		p := path.Join(rel, e.Name())
		switch {
		case hidden(e.Name()):
		case sc.isDir(p, e):
			if sc.holdsPicture(p) {
				c.inner = append(c.inner, e.Name())
			}
		case !c.direct:
			c.direct, _ = sniff(sc.file(p))
		}
	}
	return c
}

// holdsPicture reports whether a picture is in the folder rel or below, links to
// folders not followed.
func (sc *scanner) holdsPicture(rel string) bool {
	entries, _ := os.ReadDir(sc.file(rel))
	var folders []string
	for _, e := range entries {
		p := path.Join(rel, e.Name())
		if hidden(e.Name()) {
			continue
		}
		if e.IsDir() {
			folders = append(folders, p)
		} else if ok, _ := sniff(sc.file(p)); ok {
			return true
		}
	}
	return slices.ContainsFunc(folders, sc.holdsPicture)
}

func (sc *scanner) file(rel string) string {
	return filepath.Join(sc.set.Dir, filepath.FromSlash(rel))
}

// oneClass is the error for a set with the only class that label names, which is
// often no class: the folder around the classes, or the pictures of a set for the
// detection of objects.
func (sc *scanner) oneClass(label string, folders []string, split bool) error {
	dir := sc.set.Dir
	if split {
		first, rest, _ := strings.Cut(sc.set.Items[0].Path, "/")
		folder := topFolder(rest) // the label in NFC may be another name
		if label == "images" && sc.exists(path.Join(first, "labels")) {
			return sc.detection(first+"/images", first+"/labels")
		}
		if c := sc.look(path.Join(first, folder)); len(c.inner) > 1 && !c.direct {
			return fmt.Errorf("data %s: only one class, %q, whose folder holds %s: move these up, "+
				"to %s/%s", dir, label, few(c.inner), first, c.inner[0])
		}
		return fmt.Errorf("data %s: only one class, %q: a classifier needs two or more", dir, label)
	}
	c := sc.look(topFolder(sc.set.Items[0].Path))
	for len(c.inner) == 1 && !c.direct {
		c = sc.look(path.Join(c.name, c.inner[0]))
	}
	named := slices.ContainsFunc(c.inner, func(f string) bool { return partOf(f) == "" })
	if slices.Contains(folders, "labels") && strings.EqualFold(label, "images") &&
		(c.direct || !named) && (len(c.inner) == 0 || sc.flat(c)) {
		return sc.detection(label, "labels")
	}
	if len(c.inner) > 1 && !c.direct {
		return fmt.Errorf("data %s: only one class, %q: the folders %s are inside it, in %s: give "+
			"that folder", dir, label, few(c.inner), sc.file(c.name))
	}
	return fmt.Errorf("data %s: only one class, %q: a classifier needs two or more", dir, label)
}

// flat reports whether the folders inside c have no folders with pictures.
func (sc *scanner) flat(c content) bool {
	return !slices.ContainsFunc(c.inner, func(f string) bool {
		return len(sc.look(path.Join(c.name, f)).inner) > 0
	})
}

func (sc *scanner) exists(rel string) bool {
	info, err := os.Stat(sc.file(rel))
	return err == nil && info.IsDir()
}

func (sc *scanner) detection(images, labels string) error {
	return fmt.Errorf("data %s: %s and %s are as YOLO has them for finding objects in pictures, "+
		"which this program does not: want a folder for each class, with its images inside",
		sc.set.Dir, images, labels)
}

// few lists at most three names.
func few(names []string) string {
	if len(names) > 3 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:3], ", "), len(names)-3)
	}
	return strings.Join(names, ", ")
}

// checkInside refuses pictures in parts inside classes, as in daisy/train: they would
// be divided again, and those for testing be trained on.
func (sc *scanner) checkInside(all []found) error {
	for _, f := range all {
		rest := f.path
		if f.part != "" {
			_, rest, _ = strings.Cut(rest, "/")
		}
		_, rest, _ = strings.Cut(rest, "/")
		if inner, _, deeper := strings.Cut(rest, "/"); deeper && partOf(inner) != "" {
			return fmt.Errorf("data %s: %s is the name of a part inside a class: want the part "+
				"outside, %s/%s; or give it another name if it is none", sc.set.Dir,
				strings.TrimSuffix(f.path, rest)+inner, inner, f.class)
		}
	}
	return nil
}
