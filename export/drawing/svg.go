package drawing

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// colours of boxes by what they compute; others are grey.
var colours = map[string]string{
	"conv": "#cfe3f7", "Conv": "#cfe3f7",
	"dense": "#d7d0f0", "Gemm": "#d7d0f0", "MatMul": "#d7d0f0",
	"maxpool": "#f9dfc4", "MaxPool": "#f9dfc4", "avgpool": "#f9e9c4", "AveragePool": "#f9e9c4",
	"globalavgpool": "#f9e9c4", "GlobalAveragePool": "#f9e9c4",
	"batchnorm": "#d4efd3", "BatchNormalization": "#d4efd3",
	"concat": "#f6d3e2", "Concat": "#f6d3e2", "add": "#f6d3e2", "Add": "#f6d3e2",
	"softmax": "#f5c9c4", "Softmax": "#f5c9c4",
}

const otherColour = "#eeeeee"

func (p *picture) write(w io.Writer, title string) error {
	height := 2*margin + titleRoom + len(p.layers)*(boxHeight+gapDown) - gapDown
	width := max(p.width, float64(2*margin+10*utf8.RuneCountInString(title))) // 10: bold letters of 17 pixels
	shift := (width - p.width) / 2
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%d" viewBox="0 0 %.0f %d" `+
		`font-family="Helvetica, Arial, sans-serif">`+"\n", width, height, width, height)
	fmt.Fprintf(&b, "<title>%s</title>\n", escape(title))
	b.WriteString(`<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" ` +
		`orient="auto"><path d="M0 0 L8 4 L0 8 z" fill="#666"/></marker></defs>` + "\n")
	fmt.Fprintf(&b, `<rect width="%.0f" height="%d" fill="white"/>`+"\n", width, height)
	fmt.Fprintf(&b, `<text x="%d" y="%d" font-size="17" font-weight="bold">%s</text>`+"\n", margin, margin+14, escape(title))
	fmt.Fprintf(&b, `<g transform="translate(%.1f 0)">`+"\n", shift)
	for _, e := range p.edges {
		fmt.Fprintf(&b, `<path d="%s" fill="none" stroke="#888" stroke-width="1.3" marker-end="url(#tip)"/>`+"\n", e.line())
	}
	for _, layer := range p.layers {
		for _, at := range layer {
			if at.box != nil {
				at.draw(&b)
			}
		}
	}
	b.WriteString("</g>\n</svg>\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// top is the y of a layer's upper edge.
func top(layer int) float64 { return float64(margin + titleRoom + layer*(boxHeight+gapDown)) }

// line is the arrow: straight down through layers that it passes, curved between
// them.
func (e *edge) line() string {
	var b strings.Builder
	from := e.path[0]
	fmt.Fprintf(&b, "M%.1f %.1f", from.x, top(from.layer)+boxHeight)
	for _, to := range e.path[1:] {
		y0, y1 := top(from.layer)+boxHeight, top(to.layer)
		fmt.Fprintf(&b, " C%.1f %.1f %.1f %.1f %.1f %.1f", from.x, y0+gapDown/2, to.x, y1-gapDown/2, to.x, y1)
		if to.box == nil {
			fmt.Fprintf(&b, " L%.1f %.1f", to.x, y1+boxHeight)
		}
		from = to
	}
	return b.String()
}

func (p *place) draw(b *strings.Builder) {
	colour, ok := colours[p.box.Op]
	if !ok {
		colour = otherColour
	}
	left, y := p.x-boxWidth/2, top(p.layer)
	fmt.Fprintf(b, `<g><title>%s</title><rect x="%.1f" y="%.1f" width="%d" height="%d" rx="6" fill="%s" stroke="#777"/>`,
		escape(p.box.Name+": "+p.box.Op), left, y, boxWidth, boxHeight, colour)
	line := func(dy int, size string, colour, text string) {
		fmt.Fprintf(b, `<text x="%.1f" y="%.1f" font-size="%s" fill="%s" text-anchor="middle">%s</text>`,
			p.x, y+float64(dy), size, colour, escape(text))
	}
	line(16, "12", "#111", short(p.box.Name, 28))
	line(30, "10.5", "#444", short(p.box.Op+" "+p.box.Detail, 34))
	line(43, "10.5", "#111", short(p.box.Shape, 34))
	b.WriteString("</g>\n")
}

// short cuts the middle out of long text.
func short(s string, n int) string {
	s = strings.TrimSpace(s)
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	r := []rune(s)
	return string(r[:n/2]) + "…" + string(r[len(r)-n/2+1:])
}

func escape(s string) string {
	var b strings.Builder
	xml.EscapeText(&b, []byte(s)) // a strings.Builder takes every byte
	return b.String()
}
