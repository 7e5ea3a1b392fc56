package report

import (
	"fmt"
	"image/color"
	"slices"
	"strings"

	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/model"
)

const (
	boxWidth  = 128 // points
	boxHeight = 36
	columnGap = 14
	rowGap    = 16
	dummySize = 10 // width of the place that a long line takes in a row
	margin    = 16
)

// NetworkSVG draws a network: a box for each layer with what belongs to it, its
// size and output shape, in rows by depth.
func NetworkSVG(spec *model.Spec) ([]byte, error) {
	d, err := networkDrawing(spec)
	if err != nil {
		return nil, err
	}
	return d.svg()
}

// networkDrawing lays the boxes out in rows.
func networkDrawing(spec *model.Spec) (drawing, error) {
	boxes, err := boxesOf(spec)
	if err != nil {
		return drawing{}, err
	}
	rows := layout(boxes)
	width := vg.Length(0)
	for _, row := range rows {
		width = max(width, rowWidth(row))
	}
	d := drawing{w: max(width, 300) + 2*margin, h: vg.Length(len(rows))*(boxHeight+rowGap) - rowGap + 2*margin + 24}
	for i, row := range rows {
		x := (d.w - rowWidth(row)) / 2
		for _, p := range row {
			p.x = x + p.width()/2
			p.y = d.h - margin - 24 - vg.Length(i)*(boxHeight+rowGap) - boxHeight/2
			x += p.width() + columnGap
		}
	}
	trainable, _, err := spec.Count()
	if err != nil {
		return drawing{}, err
	}
	title := fmt.Sprintf("%s: %s trainable parameters", spec.Name, thousands(trainable))
	d.paint = func(c draw.Canvas) {
		c.FillText(words(13, text.XCenter, text.YCenter), vg.Point{X: d.w / 2, Y: d.h - margin - 2}, title)
		for _, row := range rows {
			for _, p := range row {
				p.lines(c)
			}
		}
		for _, row := range rows {
			for _, p := range row {
				p.draw(c)
			}
		}
	}
	return d, nil
}

// box is a layer with the element-wise nodes that follow it.
type box struct {
	op     model.Op
	nodes  []string
	detail string
	shape  []int
	inputs []*box
}

// follows are the ops that are drawn in the box of the node that they read, when
// nothing else reads it.
var follows = []model.Op{model.BatchNorm, model.ReLU, model.Dropout, model.Softmax}

// boxesOf groups the nodes of a network, the input first.
func boxesOf(spec *model.Spec) ([]*box, error) {
	shapes, err := spec.Shapes()
	if err != nil {
		return nil, err
	}
	params, err := spec.Params()
	if err != nil {
		return nil, err
	}
	values := map[string]int{}
	for _, p := range params {
		if p.Trainable {
			values[p.Node] += onnx.Elements(p.Shape)
		}
	}
	input := &box{nodes: []string{model.InputName}, shape: shapes[model.InputName]}
	boxes, of := []*box{input}, map[string]*box{model.InputName: input}
	consumers, counts := spec.Consumers(), map[*box]int{}
	for _, n := range spec.Nodes {
		b := of[n.Inputs[0]]
		if !slices.Contains(follows, n.Op) || b == input || len(consumers[n.Inputs[0]]) > 1 {
			b = &box{op: n.Op, detail: detail(&n)}
			for _, in := range n.Inputs {
				b.inputs = append(b.inputs, of[in])
			}
			boxes = append(boxes, b)
		}
		b.nodes = append(b.nodes, n.Name)
		b.shape = shapes[n.Name]
		counts[b] += values[n.Name]
		of[n.Name] = b
	}
	for b, n := range counts {
		if n > 0 {
			b.detail = strings.TrimPrefix(b.detail+", "+thousands(n)+" params", ", ")
		}
	}
	return boxes, nil
}

// detail is what a node's op does not say by itself.
func detail(n *model.Node) string {
	var words []string
	if n.Kernel[0] > 0 {
		words = append(words, fmt.Sprintf("%dx%d", n.Kernel[0], n.Kernel[1]))
		if n.Stride != [2]int{1, 1} {
			words = append(words, fmt.Sprintf("stride %d", n.Stride[0]))
		}
		if n.Groups > 1 {
			words = append(words, fmt.Sprintf("%d groups", n.Groups))
		}
	}
	if n.Op == model.Rescale {
		words = append(words, strings.Replace(fmt.Sprintf("x * %.4g + %.4g", n.Scale, n.Offset), "+ -", "- ", 1))
	}
	return strings.Join(words, ", ")
}

// place is where a box, or a line that passes (layer is nil), stands in a row.
type place struct {
	layer *box
	from  []*place // in the row above
	x, y  vg.Length
	mean  float64 // of the places above, for the order in the row
}

func (p *place) width() vg.Length {
	if p.layer == nil {
		return dummySize
	}
	return boxWidth
}

func rowWidth(row []*place) vg.Length {
	w := vg.Length(len(row)-1) * columnGap
	for _, p := range row {
		w += p.width()
	}
	return w
}

// layout puts every box in the row below its lowest input, gives lines that pass
// rows a place in each, and orders rows by where their lines come from.
func layout(boxes []*box) [][]*place {
	depth := map[*box]int{}
	deepest := 0
	for _, b := range boxes {
		for _, in := range b.inputs {
			depth[b] = max(depth[b], depth[in]+1)
		}
		deepest = max(deepest, depth[b])
	}
	rows := make([][]*place, deepest+1)
	// passing are the places of a box, and of the line from it, by row.
	passing := map[*box]map[int]*place{}
	for _, b := range boxes {
		at := &place{layer: b}
		for _, in := range b.inputs {
			for d := depth[in] + 1; d < depth[b]; d++ {
				if passing[in][d] == nil {
					passing[in][d] = &place{from: []*place{passing[in][d-1]}}
					rows[d] = append(rows[d], passing[in][d])
				}
			}
			at.from = append(at.from, passing[in][depth[b]-1])
		}
		passing[b] = map[int]*place{depth[b]: at}
		rows[depth[b]] = append(rows[depth[b]], at)
	}
	for i, row := range rows {
		if i == 0 {
			continue
		}
		index := map[*place]float64{}
		for j, p := range rows[i-1] {
			index[p] = float64(j) / float64(len(rows[i-1]))
		}
		for _, p := range row {
			p.mean = 0
			for _, f := range p.from {
				p.mean += index[f] / float64(len(p.from))
			}
		}
		slices.SortStableFunc(row, func(a, b *place) int {
			switch {
			case a.mean < b.mean:
				return -1
			case a.mean > b.mean:
				return 1
			}
			return 0
		})
	}
	return rows
}

// lines draws the lines from the row above, and through the own row where no box
// stands.
func (p *place) lines(c draw.Canvas) {
	style := draw.LineStyle{Color: grey, Width: 1}
	for _, f := range p.from {
		c.StrokeLine2(style, f.x, f.y-boxHeight/2, p.x, p.y+boxHeight/2)
	}
	if p.layer == nil {
		c.StrokeLine2(style, p.x, p.y+boxHeight/2, p.x, p.y-boxHeight/2)
	}
}

// fills are the pale colours of the ops' boxes; the name stands in the box too.
var fills = map[model.Op]color.Color{
	model.Conv:          color.NRGBA{0xd6, 0xe8, 0xf5, 0xff},
	model.Dense:         color.NRGBA{0xfb, 0xe5, 0xc8, 0xff},
	model.MaxPool:       color.NRGBA{0xd5, 0xee, 0xe5, 0xff},
	model.AvgPool:       color.NRGBA{0xd5, 0xee, 0xe5, 0xff},
	model.GlobalAvgPool: color.NRGBA{0xd5, 0xee, 0xe5, 0xff},
}

func (p *place) draw(c draw.Canvas) {
	b := p.layer
	if b == nil {
		return
	}
	left, right := p.x-boxWidth/2, p.x+boxWidth/2
	top, bottom := p.y+boxHeight/2, p.y-boxHeight/2
	fill := fills[b.op]
	if fill == nil {
		fill = color.NRGBA{0xf2, 0xf2, 0xf2, 0xff}
	}
	c.FillPolygon(fill, rectangle(left, bottom, right, top))
	c.StrokeLines(draw.LineStyle{Color: grey, Width: 0.7}, outline(left, bottom, right, top))
	lines := []string{b.title(), b.detail, shapeText(b.shape)}
	if b.detail == "" {
		lines = []string{b.title(), shapeText(b.shape)}
	}
	const step = 11 // points from line to line
	y := p.y + step*vg.Length(len(lines)-1)/2
	for i, line := range lines {
		style := words(8, text.XCenter, text.YCenter)
		for style.Width(line) > boxWidth-6 && style.Font.Size > 4 {
			style.Font.Size -= 0.25
		}
		c.FillText(style, vg.Point{X: p.x, Y: y - step*vg.Length(i)}, line)
	}
}

// title names the box's nodes; those after the first without a prefix that they
// share with it.
func (b *box) title() string {
	first := b.nodes[0]
	prefix := first[:strings.LastIndex(first, "_")+1]
	names := []string{first}
	for _, n := range b.nodes[1:] {
		names = append(names, strings.TrimPrefix(n, prefix))
	}
	return strings.Join(names, " ")
}

// thousands writes 1234567 as 1,234,567.
func thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// shapeText writes [C H W] as C x H x W.
func shapeText(shape []int) string {
	words := make([]string, len(shape))
	for i, d := range shape {
		words[i] = fmt.Sprint(d)
	}
	return strings.Join(words, " x ")
}
