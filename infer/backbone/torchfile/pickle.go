package torchfile

import (
	"bytes"
	"encoding/binary"
	"math"
)

// Limits of a pickle. The largest of torchvision's state dicts has some thousand
// tensors, each of about 150 bytes here.
const (
	maxPickle = 4 << 20 // bytes
	maxStack  = 1 << 18 // values on the stack at a time
)

// The opcodes of a state dict, of protocols 2 to 5, as Python's pickletools lists
// them.
const (
	opMark            = '('
	opStop            = '.'
	opBinFloat        = 'G'
	opBinInt          = 'J'
	opBinInt1         = 'K'
	opBinInt2         = 'M'
	opNone            = 'N'
	opBinPersID       = 'Q'
	opReduce          = 'R'
	opBinString       = 'T' // these two are the strings of Python 2
	opShortBinString  = 'U'
	opBinUnicode      = 'X'
	opAppend          = 'a'
	opBuild           = 'b'
	opGlobal          = 'c'
	opAppends         = 'e'
	opBinGet          = 'h'
	opLongBinGet      = 'j'
	opBinPut          = 'q'
	opLongBinPut      = 'r'
	opSetItem         = 's'
	opTuple           = 't'
	opSetItems        = 'u'
	opEmptyDict       = '}'
	opEmptyList       = ']'
	opEmptyTuple      = ')'
	opProto           = 0x80
	opTuple1          = 0x85
	opTuple2          = 0x86
	opTuple3          = 0x87
	opNewTrue         = 0x88
	opNewFalse        = 0x89
	opLong1           = 0x8a
	opShortBinUnicode = 0x8c
	opStackGlobal     = 0x93
	opMemoize         = 0x94
	opFrame           = 0x95
)

// unpickler runs one pickle. It can make nothing but the values of this package.
type unpickler struct {
	data  []byte // what is not read yet
	stack []value
	marks []int // where the marks lie on the stack
	memo  map[uint32]value
	pairs int // entries of dicts that were made from lists
}

// unpickle reads the pickle at the start of data. rest is what follows it.
func unpickle(data []byte) (v value, rest []byte, err error) {
	head := data[:min(len(data), maxPickle)]
	u := &unpickler{data: head, memo: map[uint32]value{}}
	for {
		op, err := u.take(1)
		if err != nil {
			return nil, nil, err
		}
		if op[0] == opStop {
			break
		}
		if err := u.step(op[0]); err != nil {
			return nil, nil, err
		}
		if len(u.stack) > maxStack {
			return nil, nil, malformed("more than %d values on the stack", maxStack)
		}
	}
	v, err = u.pop()
	return v, data[len(head)-len(u.data):], err
}

// take is the next n bytes.
func (u *unpickler) take(n uint64) ([]byte, error) {
	if n > uint64(len(u.data)) {
		return nil, malformed("the pickle is cut short, or longer than %d bytes", maxPickle)
	}
	b := u.data[:n]
	u.data = u.data[n:]
	return b, nil
}

// number is the next n bytes as an unsigned number.
func (u *unpickler) number(n uint64) (uint64, error) {
	b, err := u.take(n)
	var wide [8]byte
	copy(wide[:], b)
	return binary.LittleEndian.Uint64(wide[:]), err
}

// line is the text up to the next line break.
func (u *unpickler) line() (string, error) {
	n := bytes.IndexByte(u.data, '\n')
	if n < 0 {
		return "", malformed("the pickle is cut short")
	}
	b, err := u.take(uint64(n) + 1)
	return string(b[:n]), err
}

func (u *unpickler) push(v value) { u.stack = append(u.stack, v) }

// floor is the height of the stack below which lies what is behind the last mark.
func (u *unpickler) floor() int {
	if len(u.marks) == 0 {
		return 0
	}
	return u.marks[len(u.marks)-1]
}

func (u *unpickler) pop() (value, error) {
	if len(u.stack) <= u.floor() {
		return nil, malformed("the stack is empty")
	}
	v := u.stack[len(u.stack)-1]
	u.stack = u.stack[:len(u.stack)-1]
	return v, nil
}

// top is the value that would be popped, nil where there is none.
func (u *unpickler) top() value {
	if len(u.stack) <= u.floor() {
		return nil
	}
	return u.stack[len(u.stack)-1]
}

// sinceMark pops all values above the last mark, and the mark.
func (u *unpickler) sinceMark() ([]value, error) {
	if len(u.marks) == 0 {
		return nil, malformed("no mark on the stack")
	}
	at := u.floor()
	u.marks = u.marks[:len(u.marks)-1]
	items := append([]value(nil), u.stack[at:]...)
	u.stack = u.stack[:at]
	return items, nil
}

// step runs one opcode: simple values here, the others in steps of their own.
func (u *unpickler) step(op byte) error {
	switch op {
	case opMark:
		u.marks = append(u.marks, len(u.stack))
	case opNone:
		u.push(none{})
	case opNewTrue, opNewFalse:
		u.push(boolean(op == opNewTrue))
	case opEmptyDict:
		u.push(newDict(false))
	case opEmptyList:
		u.push(&list{})
	case opEmptyTuple:
		u.push(tuple{})
	case opProto:
		v, err := u.number(1)
		if err == nil && (v < 2 || v > 5) {
			err = malformed("pickle protocol %d, want 2 to 5", v)
		}
		return err
	case opFrame:
		_, err := u.take(8)
		return err
	case opBinInt, opBinInt1, opBinInt2, opLong1, opBinFloat,
		opBinUnicode, opShortBinUnicode, opBinString, opShortBinString:
		return u.literal(op)
	case opBinPut, opLongBinPut, opMemoize, opBinGet, opLongBinGet:
		return u.remember(op)
	case opGlobal, opStackGlobal:
		return u.global(op)
	case opReduce, opBuild, opBinPersID:
		return u.make(op)
	default:
		return u.collect(op)
	}
	return nil
}

// literal pushes a number or a text that is in the pickle.
func (u *unpickler) literal(op byte) error {
	width := map[byte]uint64{opBinInt: 4, opBinInt1: 1, opBinInt2: 2, opLong1: 1,
		opBinFloat: 8, opBinUnicode: 4, opShortBinUnicode: 1,
		opBinString: 4, opShortBinString: 1}[op]
	n, err := u.number(width)
	if err != nil {
		return err
	}
	switch op {
	case opBinInt:
		u.push(integer(int32(n)))
	case opBinInt1, opBinInt2:
		u.push(integer(n))
	case opBinFloat: // the one that is big-endian
		var b [8]byte
		binary.LittleEndian.PutUint64(b[:], n)
		u.push(float(math.Float64frombits(binary.BigEndian.Uint64(b[:]))))
	case opLong1:
		b, err := u.take(n)
		if err != nil {
			return err
		}
		u.push(integerOf(b))
	default:
		b, err := u.take(n)
		if err != nil {
			return err
		}
		u.push(text(b))
	}
	return nil
}

// integerOf reads two's complement of any length.
func integerOf(b []byte) value {
	if len(b) > 8 {
		return long(b)
	}
	var wide [8]byte
	copy(wide[:], b)
	shift := 64 - 8*len(b)
	return integer(int64(binary.LittleEndian.Uint64(wide[:])<<shift) >> shift)
}

// remember writes the top of the stack to the memo, or pushes what is there.
func (u *unpickler) remember(op byte) error {
	var n uint64
	var err error
	switch op {
	case opBinPut, opBinGet:
		n, err = u.number(1)
	case opLongBinPut, opLongBinGet:
		n, err = u.number(4)
	case opMemoize:
		n = uint64(len(u.memo))
	}
	if err != nil {
		return err
	}
	key := uint32(n)
	if op == opBinGet || op == opLongBinGet {
		v, ok := u.memo[key]
		if !ok {
			return malformed("entry %d of the memo is not there", key)
		}
		u.push(v)
		return nil
	}
	if u.top() == nil {
		return malformed("the stack is empty")
	}
	u.memo[key] = u.top()
	return nil
}
