package nn

import (
	"errors"
	"fmt"
	"slices"
	"time"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/nn/kernel"
)

// mode says what a graph is for.
type mode struct {
	// Train keeps what gradients need: dropout drops, batch norm normalises by
	// the batch, and the graph can be differentiated. Without it the graph is for
	// inference.
	Train bool
	// Measure makes batch norm normalise by the batch, as in training, and note the
	// batch's statistics in place of the running ones. All else is as in inference.
	Measure bool
	// FrozenBatchNorm makes batch norm use its running statistics while training, and
	// leave them as they are.
	FrozenBatchNorm bool
	// BF16 is [Precision] BF16.
	BF16 bool
	// Seed is the stream of dropout; the graph's Step goes into it too.
	Seed uint64
}

// graph is a gorgonia graph of this package's ops. Make inputs and parameters,
// apply ops, differentiate, seal; then write the inputs and run, any number of
// times. A graph is for one goroutine.
type graph[T kernel.Float] struct {
	mode
	// Step is the number of the step that runs: dropout's mask depends on it.
	Step uint64

	expr   *G.ExprGraph
	engine kernel.Engine[T]
	memory *workspace[T]

	wants  map[*G.Node]bool // a gradient is wanted
	keep   map[*G.Node]bool // the value is read after the run
	inputs []*input[T]
	ops    []operation[T] // in the order they were made
	node   map[*op[T]]*G.Node
	salt   int

	blocks     []*block
	home       map[*G.Node]*block // where each result is kept
	need       int                // values of the workspace
	generation int                // of the workspace that the ops are bound to
	machine    G.VM

	inBackward bool
	started    time.Time // of the op that runs
	checked    bool      // look at every result
	// The first value of each pass that was not finite, when every result is looked at.
	forwardBad, backwardBad *train.NotFinite
}

// input is a node that is written before each run.
type input[T kernel.Float] struct {
	node *G.Node
	data []T
	*block
}

// newGraph starts an empty graph whose ops compute on engine and keep their
// results in memory. Graphs that share a workspace must not run at the same
// time, and the results of one are lost when another runs.
func newGraph[T kernel.Float](engine kernel.Engine[T], memory *workspace[T], m mode) *graph[T] {
	return &graph[T]{
		mode: m, engine: engine, memory: memory, expr: G.NewGraph(), generation: -1,
		wants: map[*G.Node]bool{}, keep: map[*G.Node]bool{}, node: map[*op[T]]*G.Node{},
	}
}

// Input adds a node that Write fills before each run. No gradient flows into it.
func (g *graph[T]) Input(name string, shape ...int) *G.Node {
	n := G.NewTensor(g.expr, dtype[T](), len(shape), G.WithShape(shape...),
		G.WithName(g.label(name)))
	g.inputs = append(g.inputs, &input[T]{node: n})
	return n
}

// Param adds a node over data, which is shared: the graph sees what is written
// into it. Only those that are trainable have gradients.
func (g *graph[T]) Param(name string, data []T, trainable bool, shape ...int) *G.Node {
	n := G.NewTensor(g.expr, dtype[T](), len(shape), G.WithShape(shape...),
		G.WithName(g.label(name)), G.WithValue(header(data, shape)))
	g.wants[n] = trainable
	return n
}

// label is the name that gorgonia hashes, see unique. The salt comes first, because
// names that collide do so with any ending.
func (g *graph[T]) label(name string) string {
	if g.salt == 0 {
		return name
	}
	return fmt.Sprintf("%d#%s", g.salt, name)
}

// Keep says that a node's value is read after the run.
func (g *graph[T]) Keep(nodes ...*G.Node) {
	for _, n := range nodes {
		g.keep[n] = true
	}
}

// apply adds the node of o, whose kind, config and shape are set.
func (g *graph[T]) apply(o operation[T], name string, in ...*G.Node) (*G.Node, error) {
	b := o.base()
	b.g, b.name, b.salt, b.backward = g, name, g.salt, g.inBackward
	wanted := false
	for _, n := range in {
		b.in = append(b.in, n.Shape())
		b.diff = append(b.diff, g.wants[n])
		wanted = wanted || g.wants[n]
	}
	n, err := G.ApplyOpWithName(o, name, in...)
	if err != nil {
		return nil, fmt.Errorf("node %s (%s): %w", name, b.kind, err)
	}
	if got := n.Op(); got != G.Op(o) {
		return nil, fmt.Errorf("node %s (%s): gorgonia merged it with %v", name, b.kind, got)
	}
	g.wants[n] = wanted && !g.inBackward
	g.ops, g.node[b] = append(g.ops, o), n
	return n, nil
}

// wanted says whether a gradient of any of the nodes, which may be nil, is wanted: not
// of images, of what is frozen, and of what depends on these alone.
func (g *graph[T]) wanted(nodes ...*G.Node) bool {
	return g.Train && slices.ContainsFunc(nodes, func(n *G.Node) bool { return g.wants[n] })
}

// Seal plans the memory and compiles the graph. After it nothing can be added.
func (g *graph[T]) Seal() error {
	if err := g.unique(); err != nil {
		return err
	}
	if err := g.plan(); err != nil {
		return err
	}
	g.machine = G.NewTapeMachine(g.expr)
	return nil
}

// errHash says that a graph must be built again with another salt.
var errHash = errors.New("equal hashes")

// unique checks what gorgonia assumes: that no two nodes share a 32-bit hash. It
// silently takes those that do for one.
func (g *graph[T]) unique() error {
	seen := map[uint32]*G.Node{}
	for _, n := range g.expr.AllNodes() {
		if other, ok := seen[n.Hashcode()]; ok {
			return fmt.Errorf("gorgonia cannot tell node %s from node %s: %w",
				n.Name(), other.Name(), errHash)
		}
		seen[n.Hashcode()] = n
	}
	return nil
}

// Run computes every node from what the inputs hold.
func (g *graph[T]) Run() error {
	g.attach()
	g.machine.Reset()
	return g.machine.RunAll()
}

// Write returns the memory of an input node, to be written before Run. Call it again
// for each run.
func (g *graph[T]) Write(n *G.Node) []T {
	g.attach()
	for _, in := range g.inputs {
		if in.node == n {
			return in.data
		}
	}
	return nil
}

// Read returns the result of a node that was kept, valid until the next run of
// any graph of the workspace.
func (g *graph[T]) Read(n *G.Node) []T { return n.Op().(operation[T]).base().out }

// NotFinite runs the graph once more and returns the first value that is not finite: of
// the forward pass or, where all of that is finite, of the gradients. It is nil when all
// are finite. Write the inputs again before.
func (g *graph[T]) NotFinite() (*train.NotFinite, error) {
	g.checked, g.forwardBad, g.backwardBad = true, nil, nil
	defer func() { g.checked = false }()
	if err := g.Run(); err != nil {
		return nil, err
	}
	if g.forwardBad != nil {
		return g.forwardBad, nil
	}
	return g.backwardBad, nil
}

// look notes the first value of an op's result that is not finite, unless an earlier op
// of its pass had one.
func (g *graph[T]) look(o *op[T]) {
	found, phase := &g.forwardBad, train.Forward
	if o.backward {
		found, phase = &g.backwardBad, train.Backward
	}
	if *found == nil {
		*found = train.NewNotFinite(phase, o.name, o.shape, o.out)
	}
}

// dims names a shape's length in errors.
func dims(n *G.Node, want int, layout string) error {
	if s := n.Shape(); len(s) != want {
		return fmt.Errorf("input %s is %v, want %s", n.Name(), tensor.Shape(s), layout)
	}
	return nil
}
