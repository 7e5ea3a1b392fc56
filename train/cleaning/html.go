package cleaning

import (
	"bytes"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"image"
	"image/jpeg"
	"io"

	"github.com/flowerctl/flowerctl/infer/imageprep"
)

//go:embed cleaning.html
var page string

var pageTemplate = template.Must(template.New("cleaning").Funcs(template.FuncMap{
	"percent": func(share float64) string { return fmt.Sprintf("%.1f %%", 100*share) },
}).Parse(page))

// How much a page shows, so that a browser opens it whatever the set: some 15 MB.
const (
	thumbnail  = 128 // longest side, pixels
	mostGroups = 300
	mostInOne  = 8 // pictures of a group
	mostDoubts = 600
)

// pageData is what cleaning.html shows.
type pageData struct {
	*Report
	Groups                      []group
	Doubts                      []doubt
	UnshownGroups, UnshownDoubt int
	// Typical has, by class, the rule that shows its typical picture: each is in the page
	// once, however often it is seen.
	Typical []template.CSS
}

type group struct {
	Pictures []shown
	Unshown  int
	Why      string
	Wrong    bool // of two classes or in two parts
}

type doubt struct {
	Doubt
	Picture       shown
	Label, Likely typical
}

type typical struct {
	Name  string
	Class int // of Typical; -1 for none
}

type shown struct {
	Path, Class, Part string
	Image             template.URL // empty: it cannot be read any more
}

// WriteHTML writes a page that needs no other file: the repeated pictures beside each
// other, those of two classes or in two parts first, and each doubtful label beside
// typical pictures of both classes.
func (r *Report) WriteHTML(w io.Writer) error {
	d := &pageData{Report: r}
	v := viewer{report: r}
	wrong, plain := []group{}, []group{}
	for _, indices := range r.set.Similar {
		if len(wrong)+len(plain) == mostGroups {
			break
		}
		if g := v.group(indices); g.Wrong {
			wrong = append(wrong, g)
		} else {
			plain = append(plain, g)
		}
	}
	d.Groups = append(wrong, plain...)
	d.UnshownGroups = len(r.set.Similar) - len(d.Groups)
	if r.Labels != nil {
		d.doubts(&v)
	}
	return pageTemplate.Execute(w, d)
}

func (d *pageData) doubts(v *viewer) {
	l := d.Labels
	classOf, rule := map[string]int{}, map[int]int{}
	for class, name := range v.report.set.Labels {
		classOf[name] = class
	}
	look := func(name string) typical {
		class := classOf[name]
		if l.typical[class] < 0 {
			return typical{name, -1}
		}
		at, ok := rule[class]
		if !ok {
			at = len(d.Typical)
			rule[class] = at
			url := v.picture(l.typical[class]).Image
			d.Typical = append(d.Typical, template.CSS(fmt.Sprintf(
				".t%d { background-image: url(%s) }", at, url)))
		}
		return typical{name, at}
	}
	for _, one := range l.Doubtful[:min(mostDoubts, len(l.Doubtful))] {
		d.Doubts = append(d.Doubts, doubt{Doubt: one, Picture: v.picture(one.item),
			Label: look(one.Label), Likely: look(one.Likely)})
	}
	d.UnshownDoubt = len(l.Doubtful) - len(d.Doubts)
}

// viewer makes thumbnails.
type viewer struct {
	report  *Report
	decoder imageprep.Decoder
}

func (v *viewer) group(indices []int) group {
	about := v.report.set.Repeated(indices)
	g := group{Why: about.String(), Wrong: about.TwoClasses || about.TwoParts,
		Unshown: max(0, len(indices)-mostInOne)}
	for _, i := range indices[:len(indices)-g.Unshown] {
		g.Pictures = append(g.Pictures, v.picture(i))
	}
	return g
}

func (v *viewer) picture(i int) shown {
	it := v.report.set.Items[i]
	s := shown{Path: it.Path, Class: v.report.class(i), Part: string(it.Part)}
	img, err := v.decoder.Fit(v.report.set.Source(it.Path), thumbnail)
	if err == nil {
		s.Image = dataURL(img)
	}
	return s
}

// dataURL is a data URL with a JPEG of the image.
func dataURL(img imageprep.Image) template.URL {
	rgba := image.NewRGBA(image.Rect(0, 0, img.W, img.H))
	for i := range img.W * img.H {
		copy(rgba.Pix[4*i:4*i+3], img.Pix[3*i:])
		rgba.Pix[4*i+3] = 255
	}
	var buf bytes.Buffer
	jpeg.Encode(&buf, rgba, &jpeg.Options{Quality: 80}) // a buffer takes everything
	return template.URL("data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(buf.Bytes()))
}
