package model

import "fmt"

// Builder writes a Spec node by node. Each method adds one node that reads the
// current one, makes it the current one and returns its name; Keras' defaults
// hold: stride 1, no padding, Glorot-uniform weights, batch norm with momentum
// 0.99 and epsilon 1e-3. The first mistake is kept and returned by Spec.
type Builder struct {
	spec   Spec
	cur    string
	shapes map[string][]int
	count  map[string]int
	err    error

	// Init is given to the Conv and Dense nodes that follow; the zero value is
	// Keras' Glorot uniform.
	Init Init
	// Prefix starts the names of the nodes that follow, which are numbered anew
	// for each prefix: inception_3a_conv1.
	Prefix string
	// Epsilon and Momentum are those of the batch norms that follow.
	Epsilon, Momentum float64
}

// NewBuilder starts a network that takes [3 size size] images.
func NewBuilder(name string, size, classes int) *Builder {
	return &Builder{
		spec:   Spec{Name: name, Input: [3]int{3, size, size}, Classes: classes},
		cur:    InputName,
		shapes: map[string][]int{InputName: {3, size, size}},
		count:  map[string]int{},

		Epsilon: 1e-3, Momentum: 0.99,
	}
}

// Window is the geometry of a convolution or pool. Zero fields mean stride 1
// and no padding.
type Window struct {
	Kernel int
	Stride int
	Same   bool // Keras' "same": out = ceil(in/stride), the odd pad at the end
	Pad    int  // or this many on all four sides
	Groups int  // convolution only
	NoBias bool // convolution only
}

// At makes an earlier node the current one, for branches.
func (b *Builder) At(name string) *Builder {
	if _, ok := b.shapes[name]; !ok && b.err == nil {
		b.err = fmt.Errorf("network %s: no node %q", b.spec.Name, name)
	}
	b.cur = name
	return b
}

// Current is the name of the current node.
func (b *Builder) Current() string { return b.cur }

// Shape is the shape of the current node.
func (b *Builder) Shape() []int { return b.shapes[b.cur] }

// Add appends n, reading the current node unless n has inputs. A node without a
// name gets its op and a number: conv1, conv2.
func (b *Builder) Add(n Node) string {
	if n.Name == "" {
		base := b.Prefix + string(n.Op)
		b.count[base]++
		n.Name = fmt.Sprintf("%s%d", base, b.count[base])
	}
	if len(n.Inputs) == 0 {
		n.Inputs = []string{b.cur}
	}
	if b.err == nil {
		in := make([][]int, len(n.Inputs))
		for i, name := range n.Inputs {
			in[i] = b.shapes[name]
		}
		shape, err := n.Shape(in)
		if err != nil {
			b.err = fmt.Errorf("network %s: node %s (%s): %w", b.spec.Name, n.Name, n.Op, err)
		}
		b.shapes[n.Name] = shape
	}
	b.spec.Nodes = append(b.spec.Nodes, n)
	b.cur = n.Name
	return n.Name
}

// Rescale adds y = x*scale + offset.
func (b *Builder) Rescale(scale, offset float64) string {
	return b.Add(Node{Op: Rescale, Scale: scale, Offset: offset})
}

// Conv adds a convolution with the given number of filters.
func (b *Builder) Conv(filters int, w Window) string {
	n := b.window(Conv, w)
	n.Units, n.Groups, n.NoBias, n.Init = filters, max(w.Groups, 1), w.NoBias, b.Init
	return b.Add(n)
}

// ConvReLU adds a convolution and a ReLU.
func (b *Builder) ConvReLU(filters int, w Window) string {
	b.Conv(filters, w)
	return b.ReLU()
}

// BatchNorm adds batch normalisation.
func (b *Builder) BatchNorm() string {
	return b.Add(Node{Op: BatchNorm, Epsilon: b.Epsilon, Momentum: b.Momentum})
}

// ReLU adds max(x, 0).
func (b *Builder) ReLU() string { return b.Add(Node{Op: ReLU}) }

// MaxPool adds max-pooling; a zero stride means the kernel, as in Keras.
func (b *Builder) MaxPool(w Window) string {
	if w.Stride == 0 {
		w.Stride = w.Kernel
	}
	return b.Add(b.window(MaxPool, w))
}

// AvgPool adds average pooling; a zero stride means the kernel, as in Keras.
func (b *Builder) AvgPool(w Window) string {
	if w.Stride == 0 {
		w.Stride = w.Kernel
	}
	return b.Add(b.window(AvgPool, w))
}

// GlobalAvgPool adds the mean over height and width.
func (b *Builder) GlobalAvgPool() string { return b.Add(Node{Op: GlobalAvgPool}) }

// Flatten adds [C H W] to [C*H*W].
func (b *Builder) Flatten() string { return b.Add(Node{Op: Flatten}) }

// Dense adds a fully connected layer.
func (b *Builder) Dense(units int) string {
	return b.Add(Node{Op: Dense, Units: units, Init: b.Init})
}

// Dropout adds dropout.
func (b *Builder) Dropout(rate float64) string { return b.Add(Node{Op: Dropout, Rate: rate}) }

// Concat joins the named nodes along the channels.
func (b *Builder) Concat(names ...string) string { return b.Add(Node{Op: Concat, Inputs: names}) }

// Sum adds two nodes of equal shape.
func (b *Builder) Sum(x, y string) string { return b.Add(Node{Op: Add, Inputs: []string{x, y}}) }

// Head ends a branch: dense logits of one value a class, and a softmax. The
// first head is the main one. Its nodes are called after it: logits and
// probabilities, or aux1_logits and aux1_probabilities.
func (b *Builder) Head(name string, weight float64) {
	prefix := name + "_"
	if len(b.spec.Outputs) == 0 {
		prefix = ""
	}
	b.Add(Node{Name: prefix + "logits", Op: Dense, Units: b.spec.Classes})
	p := b.Add(Node{Name: prefix + "probabilities", Op: Softmax})
	b.spec.Outputs = append(b.spec.Outputs, Output{Name: name, Node: p, Weight: weight})
}

// Spec returns the network, checked.
func (b *Builder) Spec() (Spec, error) {
	if b.err != nil {
		return Spec{}, b.err
	}
	if _, err := b.spec.Shapes(); err != nil {
		return Spec{}, err
	}
	return b.spec, nil
}

// window fills in the geometry of a node that reads the current one.
func (b *Builder) window(op Op, w Window) Node {
	n := Node{Op: op, Kernel: [2]int{w.Kernel, w.Kernel}}
	stride := max(w.Stride, 1)
	n.Stride = [2]int{stride, stride}
	n.Pads = [4]int{w.Pad, w.Pad, w.Pad, w.Pad}
	if x := b.Shape(); w.Same && len(x) == 3 {
		for axis := range 2 {
			out := (x[axis+1] + stride - 1) / stride
			total := max((out-1)*stride+w.Kernel-x[axis+1], 0)
			n.Pads[axis], n.Pads[axis+2] = total/2, total-total/2
		}
	}
	return n
}
