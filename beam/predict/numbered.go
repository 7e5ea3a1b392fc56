package predict

import (
	"encoding/binary"
	"errors"
)

// numbered is data with the number of its picture in the manifest. Bytes have the same
// coder in all runners, where names that are not UTF-8 would not survive as text.
func numbered(number int64, data []byte) []byte {
	return append(binary.AppendVarint(nil, number), data...)
}

func unnumbered(element []byte) (number int64, data []byte, err error) {
	number, n := binary.Varint(element)
	if n <= 0 {
		return 0, nil, errors.New("an element without the number of its picture")
	}
	return number, element[n:], nil
}
