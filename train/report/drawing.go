package report

import (
	"bytes"
	"image/color"
	"io"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// The colours of Okabe and Ito, which differ for every kind of colour vision.
var (
	blue       = color.NRGBA{0x00, 0x72, 0xb2, 0xff}
	vermillion = color.NRGBA{0xd5, 0x5e, 0x00, 0xff}
	green      = color.NRGBA{0x00, 0x9e, 0x73, 0xff}
	purple     = color.NRGBA{0xcc, 0x79, 0xa7, 0xff}
	sky        = color.NRGBA{0x56, 0xb4, 0xe9, 0xff}
	grey       = color.NRGBA{0x66, 0x66, 0x66, 0xff}
	pale       = color.NRGBA{0xdd, 0xdd, 0xdd, 0xff}
)

// drawing is a picture of a fixed size, drawn anew for each format.
type drawing struct {
	w, h  vg.Length
	paint func(draw.Canvas)
}

// svg is the drawing as an SVG file. Text stays text.
func (d drawing) svg() ([]byte, error) {
	c := vgsvg.New(d.w, d.h)
	d.on(c)
	var buf bytes.Buffer
	if _, err := c.WriteTo(&buf); err != nil {
		return nil, err
	}
	// Where the font is not installed, one like it will do.
	return bytes.ReplaceAll(buf.Bytes(), []byte("font-family:Liberation Sans;"),
		[]byte("font-family:Liberation Sans,Arial,Helvetica,sans-serif;")), nil
}

// png writes the drawing at two pixels a point, for screens of today.
func (d drawing) png(w io.Writer) error {
	c := vgimg.NewWith(vgimg.UseWH(d.w, d.h), vgimg.UseDPI(144))
	d.on(c)
	_, err := vgimg.PngCanvas{Canvas: c}.WriteTo(w)
	return err
}

func (d drawing) on(c vg.CanvasSizer) {
	canvas := draw.New(c)
	canvas.FillPolygon(color.White, rectangle(0, 0, d.w, d.h))
	d.paint(canvas)
}

// words is a style of text; x and y say where the point stands in it.
func words(size vg.Length, x text.XAlignment, y text.YAlignment) text.Style {
	return text.Style{Color: color.Black, XAlign: x, YAlign: y,
		Font:    font.Font{Typeface: "Liberation", Variant: "Sans", Size: size},
		Handler: text.Plain{Fonts: font.DefaultCache}}
}

// sans sets all text of a plot in one sans-serif font.
func sans(p *plot.Plot) {
	for style, size := range map[*text.Style]vg.Length{
		&p.Title.TextStyle: 13, &p.X.Label.TextStyle: 11, &p.Y.Label.TextStyle: 11,
		&p.X.Tick.Label: 10, &p.Y.Tick.Label: 10, &p.Legend.TextStyle: 10,
	} {
		style.Font = font.Font{Typeface: "Liberation", Variant: "Sans", Size: size}
	}
}

// rectangle is its corners.
func rectangle(x0, y0, x1, y1 vg.Length) []vg.Point {
	return []vg.Point{{X: x0, Y: y0}, {X: x1, Y: y0}, {X: x1, Y: y1}, {X: x0, Y: y1}}
}

// outline is its corners, back to the first.
func outline(x0, y0, x1, y1 vg.Length) []vg.Point {
	return append(rectangle(x0, y0, x1, y1), vg.Point{X: x0, Y: y0})
}
