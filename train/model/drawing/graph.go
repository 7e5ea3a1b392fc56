package drawing

import "fmt"

// place is the place of a box, or of a bend of an arrow.
type place struct {
	box   *box // nil for a bend
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

// graph is an arranged network.
type graph struct {
	layers [][]*place
	width  float64
	edges  []edge
}

// edge is an arrow through its bends.
type edge struct{ path []*place }

// arrange gives each box a layer below all boxes that it reads, adds bends to long
// arrows in the layers between, orders each layer so that few arrows cross, and
// moves boxes towards their neighbours. It is Sugiyama's method (1981), with
// barycentres.
func arrange(boxes []box) (*graph, error) {
	places := make(map[string]*place, len(boxes))
	p := &graph{}
	for i := range boxes {
		b := &boxes[i]
		at := &place{box: b}
		for _, in := range b.inputs {
			from := places[in]
			if from == nil {
				return nil, fmt.Errorf("%s reads %s, which is no earlier box", b.name, in)
			}
			at.layer = max(at.layer, from.layer+1)
		}
		if places[b.name] != nil {
			return nil, fmt.Errorf("two boxes are called %s", b.name)
		}
		places[b.name] = at
		p.put(at)
	}
	for i := range boxes {
		for _, in := range boxes[i].inputs {
			p.connect(places[in], places[boxes[i].name])
		}
	}
	p.order()
	p.settle()
	return p, nil
}

func (p *graph) put(at *place) {
	for len(p.layers) <= at.layer {
		p.layers = append(p.layers, nil)
	}
	p.layers[at.layer] = append(p.layers[at.layer], at)
}

// connect draws an arrow, with a bend in each layer that it crosses.
func (p *graph) connect(from, to *place) {
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
