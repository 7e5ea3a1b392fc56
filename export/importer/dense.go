package importer

import (
	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/model"
)

// gemm is alpha * x * W + beta * b.
func gemm(r *reader, n *onnx.Node) (*value, error) {
	transA, err1 := n.Int("transA", 0)
	transB, err2 := n.Int("transB", 0)
	alpha, err3 := n.Float("alpha", 1)
	beta, err4 := n.Float("beta", 1)
	for _, err := range []error{err1, err2, err3, err4} {
		if err != nil {
			return nil, err
		}
	}
	if transA != 0 {
		return nil, unsupported("transA: it takes one image a column")
	}
	out, units, err := r.product(n, transB != 0, float64(alpha))
	if err != nil || !has(n, 2) {
		return out, err
	}
	b, err := r.constant(n, 2)
	if err != nil {
		return nil, err
	}
	if len(b.data) != 1 && len(b.data) != units || len(b.dims) > 1 && b.dims[0] != 1 {
		return nil, unsupported("its bias has shape %v, want [%d]", b.dims, units)
	}
	bias := onnx.NewTensor(units)
	for i := range bias.Data {
		bias.Data[i] = float32(float64(beta) * b.data[i%len(b.data)])
	}
	r.spec.Nodes[len(r.spec.Nodes)-1].NoBias = false
	r.set(out.node, model.Bias, bias)
	return out, nil
}

// matMul is a dense layer without a bias; an Add behind it brings that.
func matMul(r *reader, n *onnx.Node) (*value, error) {
	out, _, err := r.product(n, false, 1)
	return out, err
}

// product is a dense layer without a bias: alpha * x * W.
func (r *reader) product(n *onnx.Node, transposed bool, alpha float64) (*value, int, error) {
	x, err := r.value(n, 0)
	if err != nil {
		return nil, 0, err
	}
	if len(x.axes) < 2 || x.axes[0] != batchAxis || x.axes[len(x.axes)-1] < 0 || len(x.order()) > 1 {
		return nil, 0, unsupported("its input is %s, want a vector [N K]", x)
	}
	w, err := r.weight(n, 1)
	if err != nil {
		return nil, 0, err
	}
	if len(w.Shape) != 2 {
		return nil, 0, unsupported("its weight has shape %v, want a matrix", w.Shape)
	}
	if !transposed {
		w = transpose(w, []int{1, 0})
	}
	rank := len(x.axes)
	if x, err = r.vector(x); err != nil {
		return nil, 0, err
	}
	if w.Shape[1] != x.shape[0] {
		return nil, 0, unsupported("its weight takes %d values, its input has %d", w.Shape[1], x.shape[0])
	}
	w = lastToFirst(w, x.flat)
	if alpha != 1 {
		w = w.Clone()
		for i, v := range w.Data {
			w.Data[i] = float32(alpha * float64(v))
		}
	}
	out, err := r.emit(model.Node{Op: model.Dense, Units: w.Shape[0], NoBias: true}, label(n), x.node)
	if err != nil {
		return nil, 0, err
	}
	r.set(out.node, model.Weight, w.Clone())
	out.axes = []int{batchAxis}
	for range rank - 2 {
		out.axes = append(out.axes, unitAxis)
	}
	out.axes = append(out.axes, 0)
	return out, w.Shape[0], nil
}

// lastToFirst orders the columns of a weight for an image [C H W] that was
// flattened with its channels last as if they stood first.
func lastToFirst(w onnx.Tensor, flat []int) onnx.Tensor {
	if flat == nil {
		return w
	}
	rows, c, area := w.Shape[0], flat[0], flat[1]*flat[2]
	moved := transpose(onnx.Tensor{Shape: []int{rows, area, c}, Data: w.Data}, []int{0, 2, 1})
	return onnx.Tensor{Shape: w.Shape, Data: moved.Data}
}
