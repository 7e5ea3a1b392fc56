package generic

import "github.com/flowerctl/flowerctl/train/nn/kernel"

// blockValues is the number of values of an image that are worked on at a time: 128 KiB of float32,
// half of the smallest second cache of today's processors.
const blockValues = 32 << 10

// padding copies blocks of image rows, with zeros around them, into scratch
// memory, as [groups][rows][width][channels of a group]. Without pads and groups it
// copies nothing.
type padding struct {
	src          kernel.ImageShape
	groups, each int // groups, and channels of each
	top, left    int // place of the first padded row of result row 0, first column
	stride       int // rows between two result rows
	reach        int // rows that one result row needs
	width        int // columns
	results      int // result rows of an image
	block        int // result rows of a block
	direct       bool
}

// fit sets the other fields. bottom and right are the row and the column after the
// last ones that results need.
func (p *padding) fit(bottom, right int) {
	p.each = p.src.C / p.groups
	p.width = right - p.left
	p.direct = p.groups == 1 && p.top >= 0 && p.left >= 0 && bottom <= p.src.H && right <= p.src.W
	if p.direct {
		p.reach, p.top, p.left, p.width = p.reach+p.top, 0, 0, p.src.W
	}
	most := blockValues / (p.width * p.src.C)
	p.block = min(max(1, (most-p.reach)/p.stride+1), p.results)
}

// rows is the number of padded rows under n result rows.
func (p *padding) rows(n int) int { return (n-1)*p.stride + p.reach }

// scratchLen is the number of values that pad needs.
func (p *padding) scratchLen() int {
	if p.direct {
		return 0
	}
	return p.rows(p.block) * p.width * p.src.C
}

// next is the block that begins at a row, counted over the result rows of all
// images: result rows first to last of image n, none past row end.
func (p *padding) next(row, end int) (n, first, last int) {
	n, first = row/p.results, row%p.results
	return n, first, min(first+p.block, p.results, first+end-row)
}

// at is the place of a group's pixel in what pad returned. Rows count from row
// first*stride of the image.
func (p *padding) at(group, row, column int) int {
	return ((group*p.rows(p.block)+row-p.top)*p.width + column - p.left) * p.each
}

// pad returns a block: in scratch, or in x where nothing needs padding.
func pad[T kernel.Float](p *padding, scratch, x []T, n, first, last int) []T {
	s := p.src
	image := x[n*s.H*s.W*s.C:][:s.H*s.W*s.C]
	if p.direct {
		return image[first*p.stride*s.W*s.C:]
	}
	begin, end := max(p.left, 0), min(p.left+p.width, s.W)
	for r := range p.rows(last - first) {
		h := first*p.stride + p.top + r
		for g := range p.groups {
			row := scratch[(g*p.rows(p.block)+r)*p.width*p.each:][:p.width*p.each]
			if h < 0 || h >= s.H {
				clear(row)
				continue
			}
			clear(row[:(begin-p.left)*p.each])
			clear(row[(end-p.left)*p.each:])
			row = row[(begin-p.left)*p.each : (end-p.left)*p.each]
			from := image[(h*s.W+begin)*s.C+g*p.each:]
			if p.groups == 1 {
				copy(row, from)
				continue
			}
			for i := 0; i < len(row); i += p.each {
				copy(row[i:i+p.each], from[i*p.groups:])
			}
		}
	}
	return scratch
}
