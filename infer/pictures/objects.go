package pictures

import (
	"errors"
	"io"
	"path"
	"strings"

	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/objects"
	"github.com/flowerctl/flowerctl/train/archive"
)

var (
	errNoObject = errors.New("no such object, and none below it")
	errNoNames  = errors.New("no object has such a name")
)

// expandObjects yields the pictures of a name in an object store: an object, else those
// below it as in a folder, or what matches a pattern. Their order is that of their keys.
func (a Arguments) expandObjects(arg string, yield func(infer.Picture) bool) bool {
	n, err := objects.Parse(arg)
	if err != nil {
		return yield(infer.Picture{Name: arg, Err: err})
	}
	if _, err := path.Match(n.Key, ""); hasMeta(n.Key) && err != nil {
		return yield(bad(arg, err))
	}
	if n.Key != "" && !strings.HasSuffix(n.Key, "/") && !hasMeta(n.Key) {
		o, err := a.Objects.Stat(arg)
		switch {
		case err == nil:
			return a.object(o, 0, yield)
		case !objects.Gone(err):
			return yield(infer.Picture{Name: arg, Err: err})
		}
	}
	found := false
	for o, err := range a.Objects.List(literal(n).String()) {
		if err != nil {
			return yield(infer.Picture{Name: arg, Err: err})
		}
		matched, tag := match(n.Key, o.Key)
		if !matched {
			continue
		}
		if found = true; tag == hidden {
			continue
		}
		if !a.object(o, tag, yield) {
			return false
		}
	}
	switch {
	case found || n.Key == "":
		return true
	case hasMeta(n.Key):
		return yield(bad(arg, errNoNames))
	}
	return yield(bad(arg, errNoObject))
}

// object yields an object, or what is in it where it is an archive.
func (a Arguments) object(o *objects.Object, tag int, yield func(infer.Picture) bool) bool {
	if name := o.String(); tag != 0 || !a.archive(o.Key) {
		return yield(infer.Picture{Name: name, From: o, Tag: tag})
	}
	return expandObjectArchive(o, yield)
}

// literal is what all names begin with that a name, or a pattern, means.
func literal(n objects.Name) objects.Name {
	switch {
	case hasMeta(n.Key):
		return n.With(n.Key[:strings.IndexAny(n.Key, `*?[\`)])
	case n.Key == "" || strings.HasSuffix(n.Key, "/"):
		return n
	}
	return n.With(n.Key + "/")
}

// hidden is the tag of what is in a folder and not listed.
const hidden = -1

// match says whether a name, which may be a pattern, means an object: itself, or as one in a
// folder. A star does not stand for a slash.
func match(name, key string) (matched bool, tag int) {
	name = strings.TrimSuffix(name, "/")
	below := key
	if name != "" {
		parts := strings.SplitAfterN(key, "/", strings.Count(name, "/")+2)
		above := strings.Join(parts[:min(len(parts), strings.Count(name, "/")+1)], "")
		folder := strings.HasSuffix(above, "/")
		above = strings.TrimSuffix(above, "/")
		if hasMeta(name) {
			matched, _ = path.Match(name, above)
		} else {
			matched = name == above
		}
		if !matched || !folder {
			return matched, 0
		}
		below = parts[len(parts)-1]
	}
	if below == "" || strings.HasSuffix(below, "/") { // what stands for a folder
		return true, hidden
	}
	for part := range strings.SplitSeq(below, "/") {
		if strings.HasPrefix(part, ".") {
			return true, hidden
		}
	}
	return true, fromFolder
}

// named gives a picture of a list, which may be an object, what opens it.
func (a Arguments) named(p infer.Picture) infer.Picture {
	if p.Err != nil || !objects.Is(p.Name) {
		return p
	}
	o, err := a.Objects.Object(p.Name, "")
	if err != nil {
		return infer.Picture{Name: p.Name, Err: err}
	}
	p.From = o
	return p
}

// small is a picture that is read along with the tar it is in, in bytes. There is a
// request for each larger one.
const small = 1 << 20

// expandObjectArchive yields the pictures in a tar or zip that is an object. A tar is read
// once, from its beginning to its end; of a zip the directory is read, and each picture
// when it is decoded.
func expandObjectArchive(o *objects.Object, yield func(infer.Picture) bool) bool {
	all := o.Sequential()
	defer all.Close() // it was only read
	list := func(v archive.Visitor) error {
		if !archive.Zip(o.Key) {
			return archive.ListTar(o.String(), all, o.Size, o.Section, v)
		}
		at := &objects.At{Object: o, Windowed: true}
		return archive.ListZip(o.String(), at, o.Size, o.Section, archive.Visitor{LeftOut: v.LeftOut,
			File: func(m archive.Member, r io.Reader) error {
				if at.Windowed { // the directory has been read, and nobody else reads yet
					at.Windowed = false
				}
				return v.File(m, r)
			}})
	}
	called := func(member string) string { return o.Name.With(o.Key + "/" + member).String() }
	picture := func(m archive.Member, r io.Reader) (infer.Picture, error) {
		if archive.Zip(o.Key) || m.Size > small {
			return infer.Picture{From: m}, nil
		}
		data := make([]byte, m.Size)
		_, err := io.ReadFull(r, data)
		return infer.Picture{Data: data}, err
	}
	return expandWith(o.String(), called, yield, list, picture)
}
