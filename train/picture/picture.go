// Package picture makes pictures of a fixed size, as SVG and as PNG, without a browser
// or another program. Plots, confusion matrices and drawings of networks use it. Its
// colours are distinct for people who cannot tell red from green. Start at [Picture].
package picture

import (
	"bytes"
	"fmt"
	"html"
	"image/color"
	"io"
	"path/filepath"
	"regexp"
	"strconv"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/font/liberation"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"

	"github.com/flowerctl/flowerctl/train/atomicfile"
)

// The colours of Okabe and Ito (2008), which are distinct for every kind of colour
// vision, and two greys.
var (
	Blue       = color.NRGBA{0x00, 0x72, 0xb2, 0xff}
	Vermillion = color.NRGBA{0xd5, 0x5e, 0x00, 0xff}
	Green      = color.NRGBA{0x00, 0x9e, 0x73, 0xff}
	Purple     = color.NRGBA{0xcc, 0x79, 0xa7, 0xff}
	Orange     = color.NRGBA{0xe6, 0x9f, 0x00, 0xff}
	Sky        = color.NRGBA{0x56, 0xb4, 0xe9, 0xff}
	Black      = color.NRGBA{0x00, 0x00, 0x00, 0xff}
	Grey       = color.NRGBA{0x66, 0x66, 0x66, 0xff}
	Pale       = color.NRGBA{0xdd, 0xdd, 0xdd, 0xff}
)

// Picture is a picture of a fixed size in points. It is painted once for each format.
// The origin is at the lower left.
type Picture struct {
	W, H  vg.Length
	Paint func(draw.Canvas)
}

// SVG is the picture as an SVG file. Text stays text.
func (p Picture) SVG() ([]byte, error) {
	c := vgsvg.New(p.W, p.H)
	p.on(c)
	var buf bytes.Buffer
	if _, err := c.WriteTo(&buf); err != nil {
		return nil, err
	}
	// If the font is not installed, viewers take another one.
	svg := bytes.ReplaceAll(buf.Bytes(), []byte("font-family:Liberation Sans;"),
		[]byte("font-family:Liberation Sans,Arial,Helvetica,sans-serif;"))
	return words.ReplaceAllFunc(svg, withLength), nil
}

// words matches a text in an SVG file: its attributes, the size in them, the text.
var words = regexp.MustCompile(`<text ([^>]*font-size:([0-9.]+)px")>([^<]+)</text>`)

// withLength gives a text the length that it has in the picture's font. In another
// font it may be wider by a fifth, as in DejaVu Sans, and would be cut off at the
// edge.
func withLength(element []byte) []byte {
	m := words.FindSubmatch(element)
	size, err := strconv.ParseFloat(string(m[2]), 64)
	if err != nil {
		return element
	}
	style := Words(vg.Length(size), text.XLeft, text.YBottom)
	length := style.Width(html.UnescapeString(string(m[3]))).Points()
	return fmt.Appendf(nil, `<text %s textLength="%.5g" lengthAdjust="spacingAndGlyphs">%s</text>`,
		m[1], length, m[3])
}

// sharp is the resolution for high-density screens. longest is the most pixels of a
// side: browsers refuse much larger pictures.
const (
	sharp   = 144 // dots an inch, 2 a point
	longest = 16000
)

// PNG writes the picture at two pixels a point, or at fewer if it is very large.
func (p Picture) PNG(w io.Writer) error {
	dpi := int(min(sharp, longest*vg.Inch.Points()/max(p.W, p.H).Points()))
	c := vgimg.NewWith(vgimg.UseWH(p.W, p.H), vgimg.UseDPI(dpi))
	p.on(c)
	_, err := vgimg.PngCanvas{Canvas: c}.WriteTo(w)
	return err
}

// Files are name.svg and name.png in a folder.
func (p Picture) Files(dir, name string) []atomicfile.File {
	path := filepath.Join(dir, name)
	return []atomicfile.File{{Path: path + ".svg", Write: p.writeSVG}, {Path: path + ".png", Write: p.PNG}}
}

func (p Picture) writeSVG(w io.Writer) error {
	svg, err := p.SVG()
	if err == nil {
		_, err = w.Write(svg)
	}
	return err
}

func (p Picture) on(c vg.CanvasSizer) {
	canvas := draw.New(c)
	canvas.FillPolygon(color.White, Rectangle(0, 0, p.W, p.H))
	p.Paint(canvas)
}

var fonts = font.NewCache(liberation.Collection())

// Words is a style of text; x and y say how the text is aligned at its point.
func Words(size vg.Length, x text.XAlignment, y text.YAlignment) text.Style {
	return text.Style{Color: color.Black, XAlign: x, YAlign: y, Font: Sans(size),
		Handler: text.Plain{Fonts: fonts}}
}

// Sans is the one font of all pictures.
func Sans(size vg.Length) font.Font {
	return font.Font{Typeface: "Liberation", Variant: "Sans", Size: size}
}

// Rectangle is the corners of a rectangle.
func Rectangle(x0, y0, x1, y1 vg.Length) []vg.Point {
	return []vg.Point{{X: x0, Y: y0}, {X: x1, Y: y0}, {X: x1, Y: y1}, {X: x0, Y: y1}}
}

// Outline is the corners of a rectangle, and the first again.
func Outline(x0, y0, x1, y1 vg.Length) []vg.Point {
	return append(Rectangle(x0, y0, x1, y1), vg.Point{X: x0, Y: y0})
}
