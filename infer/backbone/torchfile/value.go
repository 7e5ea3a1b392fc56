package torchfile

// value is what a pickle holds, of the kinds below. Anything else is refused while
// it is read.
type value interface{ kind() string }

type (
	none    struct{}
	boolean bool
	integer int64
	// long is an integer of more than 64 bits, little-endian two's complement.
	long  string
	float float64
	text  string
	list  struct{ items []value }
	tuple []value
	// dict is a dict or an OrderedDict; its keys stay in their order.
	dict struct {
		ordered bool
		keys    []string
		values  map[string]value
	}
	// global is a name of Python's that a pickle may mention, "torch.FloatStorage".
	global string
	// storage is the flat memory that tensors point into.
	storage struct {
		elem  elem
		key   string
		count int64
	}
	// tensor is a view of a storage; lengths are counted in elements.
	tensor struct {
		of           *storage
		offset       int64
		size, stride []int64
	}
)

func (none) kind() string     { return "None" }
func (boolean) kind() string  { return "a bool" }
func (integer) kind() string  { return "an integer" }
func (long) kind() string     { return "a long integer" }
func (float) kind() string    { return "a float" }
func (text) kind() string     { return "a string" }
func (*list) kind() string    { return "a list" }
func (tuple) kind() string    { return "a tuple" }
func (*dict) kind() string    { return "a dict" }
func (g global) kind() string { return string(g) }
func (*storage) kind() string { return "a storage" }
func (*tensor) kind() string  { return "a tensor" }

func newDict(ordered bool) *dict { return &dict{ordered: ordered, values: map[string]value{}} }

// set adds or replaces an entry.
func (d *dict) set(key, v value) error {
	k, ok := key.(text)
	if !ok {
		return malformed("%s is a key, want a string", kindOf(key))
	}
	if _, there := d.values[string(k)]; !there {
		d.keys = append(d.keys, string(k))
	}
	d.values[string(k)] = v
	return nil
}

// kindOf is the kind of v, which may be missing.
func kindOf(v value) string {
	if v == nil {
		return "nothing"
	}
	return v.kind()
}
