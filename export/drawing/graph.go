// Package drawing draws a network as SVG: boxes with names and shapes, arrows
// between them, in layers from top to bottom. It needs no other program. Start
// at [Write].
package drawing

import (
	"fmt"
	"io"
)

// Box is a node of a network.
type Box struct {
	Name   string
	Op     string   // what it computes, decides its colour
	Detail string   // a few words: "3 x 3, stride 2"
	Shape  string   // of its value
	Inputs []string // names of earlier boxes
}

// The measures of a drawing, pixels.
const (
	boxWidth  = 190
	boxHeight = 50
	gapAcross = 24
	gapDown   = 30
	margin    = 24
	laneWidth = 26 // of an arrow that passes boxes by
	titleRoom = 34
)

// place is where a box or a bend of an arrow stands.
type place struct {
	box   *Box // nil for a bend
	layer int
	x     float64 // centre
	up    []*place
	down  []*place
}

func (p *place) width() float64 {
	if p.box == nil {
		return laneWidth
	}
	return boxWidth
}

// Write draws boxes, which stand in topological order, under a title.
func Write(w io.Writer, title string, boxes []Box) error {
	g, err := arrange(boxes)
	if err != nil {
		return fmt.Errorf("drawing: %w", err)
	}
	return g.write(w, title)
}

// picture is an arranged network.
type picture struct {
	layers [][]*place
	width  float64
	edges  []edge
}

// edge is an arrow through its bends.
type edge struct{ path []*place }

// arrange gives each box a layer below all that it reads, lets long arrows bend
// in the layers between, orders each layer so that few arrows cross, and moves
// boxes over what they read. It is Sugiyama's method (1981), with barycentres.
func arrange(boxes []Box) (*picture, error) {
	places := make(map[string]*place, len(boxes))
	p := &picture{}
	for i := range boxes {
		b := &boxes[i]
		at := &place{box: b}
		for _, in := range b.Inputs {
			from := places[in]
			if from == nil {
				return nil, fmt.Errorf("%s reads %s, which is no earlier box", b.Name, in)
			}
			at.layer = max(at.layer, from.layer+1)
		}
		if places[b.Name] != nil {
			return nil, fmt.Errorf("two boxes are called %s", b.Name)
		}
		places[b.Name] = at
		p.put(at)
	}
	for i := range boxes {
		for _, in := range boxes[i].Inputs {
			p.connect(places[in], places[boxes[i].Name])
		}
	}
	p.order()
	p.settle()
	return p, nil
}

func (p *picture) put(at *place) {
	for len(p.layers) <= at.layer {
		p.layers = append(p.layers, nil)
	}
	p.layers[at.layer] = append(p.layers[at.layer], at)
}

// connect draws an arrow, with a bend in each layer that it crosses.
func (p *picture) connect(from, to *place) {
	e := edge{path: []*place{from}}
	last := from
	for layer := from.layer + 1; layer <= to.layer; layer++ {
		next := to
		if layer < to.layer {
			next = &place{layer: layer}
			p.put(next)
		}
		last.down, next.up = append(last.down, next), append(next.up, last)
		e.path = append(e.path, next)
		last = next
	}
	p.edges = append(p.edges, e)
}
