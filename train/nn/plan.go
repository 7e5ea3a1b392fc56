package nn

import (
	"cmp"
	"slices"

	G "gorgonia.org/gorgonia"

	"github.com/flowerctl/flowerctl/train/nn/kernel"
)

// The memory plan. The order of a graph is fixed when it is sealed, so the first and
// last use of every result are known, and results that are never alive together
// share memory: gradients take the place of activations that the backward pass
// no longer needs. Graphs of one network (training at one batch size and another,
// evaluation) never run at the same time and share one workspace.

// align is the unit of placement, in values: 64 or 128 bytes, a cache line.
const align = 16

// workspace is the memory of the graphs of one network. The zero value is empty
// and ready.
type workspace[T kernel.Float] struct {
	slab       []T
	generation int
	folds      map[string]*folded[T] // by convolution, see convnorm.go
	limit      int64                 // bytes that slab may have; 0: any number
}

// reserve makes room for n values. Growing moves everything, and the graphs
// notice by the generation.
func (w *workspace[T]) reserve(n int) {
	if n > len(w.slab) {
		w.slab = make([]T, n)
		w.generation++
	}
}

// block is a piece of the workspace in use from one instruction to another, both
// included.
type block struct {
	size, from, to, offset int
}

// plan finds the life of every result and places it.
func (g *graph[T]) plan() error {
	sorted, err := G.Sort(g.expr)
	if err != nil {
		return err
	}
	slices.Reverse(sorted) // as gorgonia's Compile does: the order of execution
	at := make(map[*G.Node]int, len(sorted))
	for i, n := range sorted {
		at[n] = i
	}
	life := g.lastUses(sorted)

	blocks := map[*G.Node]*block{}
	for _, in := range g.inputs {
		// Written before the first instruction.
		in.block = &block{size: round(in.node.DataSize()), to: life[in.node]}
		blocks[in.node] = in.block
		g.blocks = append(g.blocks, in.block)
	}
	for _, n := range sorted {
		o, ok := n.Op().(operation[T])
		if !ok || o.base().out != nil {
			continue
		}
		if b := g.inherit(n, at[n], blocks); b != nil {
			b.to = max(b.to, life[n])
			blocks[n] = b
			continue
		}
		b := &block{size: round(max(n.DataSize(), 1)), from: at[n], to: life[n]}
		if owner := o.base().owner; owner != nil {
			b.from = at[g.node[owner]]
		}
		blocks[n] = b
		g.blocks = append(g.blocks, b)
	}
	g.need = place(g.blocks)
	if err := g.memory.room(g.need); err != nil {
		return err
	}
	g.memory.reserve(g.need)
	g.home = blocks
	return nil
}

// lastUses is the last instruction that reads each node; the end of the program
// for what is kept, read by nobody, or read by an op of gorgonia's, which may
// write into its inputs or hand them on.
func (g *graph[T]) lastUses(sorted G.Nodes) map[*G.Node]int {
	end := len(sorted)
	life := make(map[*G.Node]int, end)
	foreign := map[*G.Node]bool{}
	for i, n := range sorted {
		life[n] = end // until something reads it
		_, known := n.Op().(operation[T])
		for _, child := range g.children(n) {
			switch {
			case g.keep[child] || foreign[child]:
			case !known:
				life[child], foreign[child] = end, true
			default:
				life[child] = i
			}
		}
	}
	return life
}

// children lists the nodes that n reads.
func (g *graph[T]) children(n *G.Node) []*G.Node {
	var out []*G.Node
	for it := g.expr.From(n.ID()); it != nil && it.Next(); {
		out = append(out, it.Node().(*G.Node))
	}
	return out
}

// inherit returns the memory of an input that n's result may overwrite, because
// n is the last to read it, or nil.
func (g *graph[T]) inherit(n *G.Node, now int, blocks map[*G.Node]*block) *block {
	children := g.children(n)
	for _, i := range n.Op().(operation[T]).base().inPlace {
		b := blocks[children[i]]
		if b != nil && b.to == now && b.size == round(n.DataSize()) {
			return b
		}
	}
	return nil
}

// place gives each block the lowest offset that is free during its life, the
// largest first, and returns the length of all. Greedy by size is within a few
// percent of the best on such graphs (Pisarchyk and Lee 2020).
func place(blocks []*block) int {
	order := slices.Clone(blocks)
	slices.SortStableFunc(order, func(a, b *block) int { return cmp.Compare(b.size, a.size) })
	var taken []*block // by offset
	total := 0
	for _, b := range order {
		b.offset = 0
		for _, p := range taken {
			if p.to < b.from || b.to < p.from {
				continue
			}
			if b.offset+b.size <= p.offset {
				break
			}
			b.offset = max(b.offset, p.offset+p.size)
		}
		i, _ := slices.BinarySearchFunc(taken, b.offset, func(p *block, off int) int {
			return cmp.Compare(p.offset, off)
		})
		taken = slices.Insert(taken, i, b)
		total = max(total, b.offset+b.size)
	}
	return total
}

func round(n int) int { return (n + align - 1) / align * align }

// attach binds the ops to the workspace, again when it has grown since.
func (g *graph[T]) attach() {
	if g.generation == g.memory.generation {
		return
	}
	g.generation = g.memory.generation
	piece := func(n *G.Node) []T {
		b := g.home[n]
		end := b.offset + max(n.DataSize(), 1)
		return g.memory.slab[b.offset:end:end]
	}
	for _, in := range g.inputs {
		in.data = piece(in.node)
		if err := G.Let(in.node, header(in.data, in.node.Shape())); err != nil {
			panic(err) // the header has the node's own shape and type
		}
	}
	for _, o := range g.ops {
		n := g.node[o.base()]
		if g.home[n] != nil {
			o.base().bind(piece(n))
		}
	}
}
