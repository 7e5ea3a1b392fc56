package torchfile

import "github.com/flowerctl/flowerctl/onnx"

// elem is the type of the values in a storage.
type elem = onnx.ElemType

const (
	orderedDict      = global("collections.OrderedDict")
	rebuildTensor    = global("torch._utils._rebuild_tensor_v2")
	rebuildTensorOld = global("torch._utils._rebuild_tensor") // before PyTorch 0.4
	rebuildParameter = global("torch._utils._rebuild_parameter")
)

// storages are the types of storage that exist here.
var storages = map[global]elem{
	"torch.FloatStorage":    onnx.Float32,
	"torch.DoubleStorage":   onnx.Float64,
	"torch.HalfStorage":     onnx.Float16,
	"torch.BFloat16Storage": onnx.BFloat16,
	"torch.LongStorage":     onnx.Int64,
	"torch.IntStorage":      onnx.Int32,
	"torch.ShortStorage":    onnx.Int16,
	"torch.CharStorage":     onnx.Int8,
	"torch.ByteStorage":     onnx.Uint8,
	"torch.BoolStorage":     onnx.Bool,
}

// global pushes a name of Python's, if it is one of the few that are known.
func (u *unpickler) global(op byte) error {
	var module, name string
	if op == opGlobal {
		var err error
		if module, err = u.line(); err != nil {
			return err
		}
		if name, err = u.line(); err != nil {
			return err
		}
	} else {
		n, err := u.pop()
		if err != nil {
			return err
		}
		m, err := u.pop()
		if err != nil {
			return err
		}
		nameText, ok := n.(text)
		moduleText, ok2 := m.(text)
		if !ok || !ok2 {
			return malformed("%s and %s name something, want strings", kindOf(m), kindOf(n))
		}
		module, name = string(moduleText), string(nameText)
	}
	g := global(module + "." + name)
	switch g {
	case orderedDict, rebuildTensor, rebuildTensorOld, rebuildParameter:
	default:
		if _, ok := storages[g]; !ok {
			return &RefusedError{Name: string(g)}
		}
	}
	u.push(g)
	return nil
}

// make builds an object from what is on the stack.
func (u *unpickler) make(op byte) error {
	argument, err := u.pop()
	if err != nil {
		return err
	}
	if op == opBinPersID {
		s, err := storageOf(argument)
		if err != nil {
			return err
		}
		u.push(s)
		return nil
	}
	object, err := u.pop()
	if err != nil {
		return err
	}
	if op == opBuild { // an OrderedDict's attributes: versions of layers, which say nothing here
		d, ok := object.(*dict)
		if !ok || !d.ordered {
			return malformed("attributes of %s, want an OrderedDict", kindOf(object))
		}
		u.push(d)
		return nil
	}
	made, err := u.call(object, argument)
	if err != nil {
		return err
	}
	u.push(made)
	return nil
}

// call is function(arguments...), for the functions that there are.
func (u *unpickler) call(function, arguments value) (value, error) {
	g, ok := function.(global)
	args, isTuple := arguments.(tuple)
	if !ok || !isTuple {
		return nil, malformed("a call of %s with %s", kindOf(function), kindOf(arguments))
	}
	switch {
	case g == orderedDict && len(args) == 0:
		return newDict(true), nil
	case g == orderedDict && len(args) == 1:
		return u.dictOf(args[0])
	case (g == rebuildTensor || g == rebuildTensorOld) && len(args) >= 4:
		return tensorOf(args)
	case g == rebuildParameter && len(args) >= 1:
		if t, ok := args[0].(*tensor); ok {
			return t, nil
		}
	}
	return nil, malformed("a call of %s with %d arguments", g, len(args))
}

// dictOf is an OrderedDict of a list of lists of two, as Python 2 writes it. One list
// may be used again and again: what is copied in all is bounded.
func (u *unpickler) dictOf(v value) (value, error) {
	d := newDict(true)
	pairs, ok := v.(*list)
	if !ok {
		return nil, malformed("an OrderedDict of %s", kindOf(v))
	}
	if u.pairs += len(pairs.items); u.pairs > maxStack {
		return nil, malformed("more than %d entries", maxStack)
	}
	for _, item := range pairs.items {
		pair, ok := item.(*list)
		if !ok || len(pair.items) != 2 {
			return nil, malformed("an OrderedDict of a list of %s", kindOf(item))
		}
		if err := d.set(pair.items[0], pair.items[1]); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// storageOf reads ("storage", type, key, device, count), with None behind it in the
// older format.
func storageOf(v value) (*storage, error) {
	id, ok := v.(tuple)
	if !ok || len(id) < 5 || id[0] != text("storage") {
		return nil, malformed("%s in place of a storage", kindOf(v))
	}
	g, isGlobal := id[1].(global)
	key, isText := id[2].(text)
	count, isInteger := id[4].(integer)
	e, known := storages[g]
	if !isGlobal || !known || !isText || !isInteger ||
		count < 0 || count > MaxBytes {
		return nil, malformed("a storage of %s, %s, %s", kindOf(id[1]), kindOf(id[2]), kindOf(id[4]))
	}
	if len(id) > 5 && id[5] != (none{}) {
		return nil, malformed("storage %s is a view of another one", key)
	}
	return &storage{elem: e, key: string(key), count: int64(count)}, nil
}

// tensorOf reads (storage, offset, size, stride, ...).
func tensorOf(args tuple) (*tensor, error) {
	s, isStorage := args[0].(*storage)
	offset, isInteger := args[1].(integer)
	size, err := integers(args[2])
	if err != nil {
		return nil, err
	}
	stride, err := integers(args[3])
	if err != nil {
		return nil, err
	}
	if !isStorage || !isInteger || len(size) != len(stride) {
		return nil, malformed("a tensor of %s, %s, %d lengths and %d strides",
			kindOf(args[0]), kindOf(args[1]), len(size), len(stride))
	}
	return &tensor{of: s, offset: int64(offset), size: size, stride: stride}, nil
}

func integers(v value) ([]int64, error) {
	t, ok := v.(tuple)
	if !ok || len(t) > onnx.MaxRank {
		return nil, malformed("%s, want a tuple of up to %d integers", kindOf(v), onnx.MaxRank)
	}
	out := make([]int64, len(t))
	for i, x := range t {
		n, ok := x.(integer)
		if !ok {
			return nil, malformed("%s, want an integer", kindOf(x))
		}
		out[i] = int64(n)
	}
	return out, nil
}

// collect puts values from the stack into a tuple, list or dict.
func (u *unpickler) collect(op byte) error {
	switch op {
	case opTuple1, opTuple2, opTuple3:
		return u.shortTuple(int(op-opTuple1) + 1)
	case opTuple:
		items, err := u.sinceMark()
		u.push(tuple(items))
		return err
	case opAppend, opSetItem:
		n := 1
		if op == opSetItem {
			n = 2
		}
		if len(u.stack)-n < u.floor() {
			return malformed("the stack is empty")
		}
		items := append([]value(nil), u.stack[len(u.stack)-n:]...)
		u.stack = u.stack[:len(u.stack)-n]
		return u.add(op == opSetItem, items)
	case opAppends, opSetItems:
		items, err := u.sinceMark()
		if err != nil {
			return err
		}
		return u.add(op == opSetItems, items)
	}
	return &RefusedError{Opcode: op}
}

func (u *unpickler) shortTuple(n int) error {
	items := make(tuple, n)
	for i := n - 1; i >= 0; i-- {
		var err error
		if items[i], err = u.pop(); err != nil {
			return err
		}
	}
	u.push(items)
	return nil
}

// add puts items into the list or dict on top of the stack.
func (u *unpickler) add(pairs bool, items []value) error {
	switch to := u.top().(type) {
	case *list:
		if !pairs {
			to.items = append(to.items, items...)
			return nil
		}
	case *dict:
		if pairs && len(items)%2 == 0 {
			for i := 0; i < len(items); i += 2 {
				if err := to.set(items[i], items[i+1]); err != nil {
					return err
				}
			}
			return nil
		}
	}
	return malformed("%d items for %s", len(items), kindOf(u.top()))
}
