package report

import (
	_ "embed"
	"html/template"
	"io"

	"github.com/flowerctl/flowerctl/train/picture"
	"github.com/flowerctl/flowerctl/train/table"
)

// Page is a page of sections, for results that are no run's.
type Page struct {
	Title    string
	Lead     []string // what counts, a paragraph each
	Sections []Section
}

// Section is a part of a page under a heading of its own.
type Section struct {
	Title    string
	Pictures []picture.Picture
	Table    *table.Table // may be nil
	Note     string       // in small letters; may be empty
}

//go:embed page.html
var pageText string

var sectionsTemplate = template.Must(template.New("page").Parse(pageText))

// Write writes the page, which needs no other file.
func (p *Page) Write(w io.Writer) error {
	type part struct {
		Title, Note string
		Pictures    []template.HTML
		Table       template.HTML
	}
	out := struct {
		Title string
		Lead  []string
		Parts []part
	}{Title: p.Title, Lead: p.Lead}
	for _, s := range p.Sections {
		one := part{Title: s.Title, Note: s.Note}
		for _, drawing := range s.Pictures {
			svg, err := inline(drawing)
			if err != nil {
				return err
			}
			one.Pictures = append(one.Pictures, svg)
		}
		if s.Table != nil {
			var err error
			if one.Table, err = inPage(s.Table); err != nil {
				return err
			}
		}
		out.Parts = append(out.Parts, one)
	}
	return sectionsTemplate.Execute(w, out)
}
