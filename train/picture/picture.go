// Package picture makes pictures of a fixed size, as SVG and as PNG, without a
// browser or another program: what curves, tables of counts and drawings of
// networks have in common. Colours are those that people who cannot tell red
// from green tell apart. Start at [Picture].
package picture

import (
	"bytes"
	"errors"
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

// The colours of Okabe and Ito (2008), which differ for every kind of colour
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

// Picture is a picture of a fixed size in points, painted anew for each format.
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
	// Where the font is not installed, another one will do.
	svg := bytes.ReplaceAll(buf.Bytes(), []byte("font-family:Liberation Sans;"),
		[]byte("font-family:Liberation Sans,Arial,Helvetica,sans-serif;"))
	return words.ReplaceAllFunc(svg, withLength), nil
}

// words is a piece of text in an SVG file: its attributes, the size in them, the
// text.
var words = regexp.MustCompile(`<text ([^>]*font-size:([0-9.]+)px")>([^<]+)</text>`)

// withLength gives a piece of text the length that it has in the picture's font. A
// font in its place may be wider by a fifth, as DejaVu Sans, and would run over
// the edge.
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

// sharp is the resolution for screens of today, and longest the most pixels that
// a side gets: browsers refuse much larger pictures.
const (
	sharp   = 144 // dots an inch, 2 a point
	longest = 16000
)

// PNG writes the picture at two pixels a point, or fewer where it would be very
// large.
func (p Picture) PNG(w io.Writer) error {
	dpi := int(min(sharp, longest*vg.Inch.Points()/max(p.W, p.H).Points()))
	c := vgimg.NewWith(vgimg.UseWH(p.W, p.H), vgimg.UseDPI(dpi))
	p.on(c)
	_, err := vgimg.PngCanvas{Canvas: c}.WriteTo(w)
	return err
}

// Save writes name.svg and name.png into a folder.
func (p Picture) Save(dir, name string) error {
	svg, err := p.SVG()
	if err != nil {
		return err
	}
	return errors.Join(atomicfile.WriteBytes(filepath.Join(dir, name+".svg"), svg),
		atomicfile.Write(filepath.Join(dir, name+".png"), p.PNG))
}

func (p Picture) on(c vg.CanvasSizer) {
	canvas := draw.New(c)
	canvas.FillPolygon(color.White, Rectangle(0, 0, p.W, p.H))
	p.Paint(canvas)
}

var fonts = font.NewCache(liberation.Collection())

// Words is a style of text; x and y say where the point stands in it.
func Words(size vg.Length, x text.XAlignment, y text.YAlignment) text.Style {
	return text.Style{Color: color.Black, XAlign: x, YAlign: y, Font: Sans(size),
		Handler: text.Plain{Fonts: fonts}}
}

// Sans is the one font of all pictures.
func Sans(size vg.Length) font.Font {
	return font.Font{Typeface: "Liberation", Variant: "Sans", Size: size}
}

// Rectangle is its corners.
func Rectangle(x0, y0, x1, y1 vg.Length) []vg.Point {
	return []vg.Point{{X: x0, Y: y0}, {X: x1, Y: y0}, {X: x1, Y: y1}, {X: x0, Y: y1}}
}

// Outline is its corners, back to the first.
func Outline(x0, y0, x1, y1 vg.Length) []vg.Point {
	return append(Rectangle(x0, y0, x1, y1), vg.Point{X: x0, Y: y0})
}
