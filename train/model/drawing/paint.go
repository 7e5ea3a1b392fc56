package drawing

import (
	"fmt"
	"image/color"
	"strings"

	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/flowerctl/flowerctl/train/model"
	"github.com/flowerctl/flowerctl/train/picture"
)

// The measures of a drawing, points.
const (
	boxWidth  = 150
	boxHeight = 52
	gapAcross = 18
	gapDown   = 24
	margin    = 20
	laneWidth = 20 // of an arrow that passes a layer
	titleRoom = 30
	tip       = 5 // of an arrow
)

// Pale tints of Okabe and Ito's colours. Each box names its op as well.
var (
	filtering = color.NRGBA{0xd6, 0xe9, 0xf7, 0xff} // blue
	mapping   = color.NRGBA{0xfb, 0xe6, 0xc4, 0xff} // orange
	pooling   = color.NRGBA{0xcf, 0xec, 0xe2, 0xff} // green
	joining   = color.NRGBA{0xf2, 0xdf, 0xea, 0xff} // purple
	other     = color.NRGBA{0xf2, 0xf2, 0xf2, 0xff}
)

// fills are the colours of boxes by their op.
var fills = map[string]color.Color{
	"conv": filtering, "extract": filtering, "Conv": filtering, "QLinearConv": filtering, "ConvInteger": filtering,
	"dense": mapping, "Gemm": mapping, "MatMul": mapping, "QLinearMatMul": mapping,
	"maxpool": pooling, "MaxPool": pooling, "avgpool": pooling, "AveragePool": pooling,
	"globalavgpool": pooling, "GlobalAveragePool": pooling, "ReduceMean": pooling,
	"concat": joining, "Concat": joining, "add": joining, "Add": joining,
	"mul": joining, "Mul": joining,
}

// picture paints the graph under a title.
func (p *graph) picture(title string) picture.Picture {
	heading := picture.Words(13, text.XCenter, text.YCenter)
	width := max(vg.Length(p.width), heading.Width(title)+2*margin)
	height := vg.Length(2*margin + titleRoom + len(p.layers)*(boxHeight+gapDown) - gapDown)
	s := sheet{left: (width - vg.Length(p.width)) / 2, height: height}
	return picture.Picture{W: width, H: height, Paint: func(c draw.Canvas) {
		c.FillText(heading, vg.Point{X: width / 2, Y: height - margin - titleRoom/3}, title)
		s.Canvas = c
		for _, e := range p.edges {
			s.arrow(e.path)
		}
		for _, layer := range p.layers {
			for _, at := range layer {
				if at.box != nil {
					s.box(at)
				}
			}
		}
	}}
}

// sheet is a canvas with the layers on it.
type sheet struct {
	draw.Canvas
	left, height vg.Length
}

// at is the point at x from the left of a layer, that far below its upper edge.
func (s *sheet) at(x float64, layer int, below vg.Length) vg.Point {
	top := s.height - margin - titleRoom - vg.Length(layer*(boxHeight+gapDown))
	return vg.Point{X: s.left + vg.Length(x), Y: top - below}
}

// arrow draws a line: straight down through the layers that it passes, curved
// between them.
func (s *sheet) arrow(path []*place) {
	var line vg.Path
	from := path[0]
	line.Move(s.at(from.x, from.layer, boxHeight))
	for i, to := range path[1:] {
		end := s.at(to.x, to.layer, 0)
		if i == len(path)-2 {
			end.Y += tip
		}
		line.CubeTo(s.at(from.x, from.layer, boxHeight+gapDown/2), s.at(to.x, to.layer, -gapDown/2), end)
		if to.box == nil {
			line.Line(s.at(to.x, to.layer, boxHeight))
		}
		from = to
	}
	s.SetLineStyle(draw.LineStyle{Color: picture.Grey, Width: 1})
	s.Stroke(line)
	point := s.at(from.x, from.layer, 0)
	s.FillPolygon(picture.Grey, []vg.Point{point,
		{X: point.X - tip/2., Y: point.Y + tip}, {X: point.X + tip/2., Y: point.Y + tip}})
}

// box draws a box with its lines of text, in letters so small that they fit.
func (s *sheet) box(at *place) {
	fill := fills[at.box.op]
	if fill == nil {
		fill = other
	}
	a, b := s.at(at.x-boxWidth/2, at.layer, boxHeight), s.at(at.x+boxWidth/2, at.layer, 0)
	s.FillPolygon(fill, picture.Rectangle(a.X, a.Y, b.X, b.Y))
	s.StrokeLines(draw.LineStyle{Color: picture.Grey, Width: 0.7}, picture.Outline(a.X, a.Y, b.X, b.Y))
	lines := at.box.lines()
	const step = 11.5 // points from line to line
	for i, line := range lines {
		style := picture.Words(8.5, text.XCenter, text.YCenter)
		if i == 0 {
			style.Font.Size = 9.5
		}
		for style.Width(line) > boxWidth-8 && style.Font.Size > 4 {
			style.Font.Size -= 0.25
		}
		y := (a.Y+b.Y)/2 + step*(vg.Length(len(lines)-1)/2-vg.Length(i))
		s.FillText(style, vg.Point{X: (a.X + b.X) / 2, Y: y}, line)
	}
}

// lines are the texts of the box: its name, its op, the nodes that follow in it, its
// shape and parameters.
func (b *box) lines() []string {
	lines := []string{b.name}
	if what := strings.TrimSpace(b.op + " " + b.detail); what != b.name && what != input {
		lines = append(lines, what)
	}
	if len(b.after) > 0 {
		lines = append(lines, "+ "+strings.Join(b.after, ", "))
	}
	shape := b.shape
	if b.params > 0 {
		shape = strings.TrimPrefix(fmt.Sprintf("%s; %s params", shape, model.Thousands(b.params)), "; ")
	}
	return append(lines, shape)
}
