package run

import "encoding/json"

// Numbers are one number for all of something, or one for each: weights of the
// losses of auxiliary heads, means of channels. In JSON one number is a number,
// several are a list.
type Numbers []float64

// of is the number of one of them, from 0.
func (w Numbers) of(head int) float64 {
	if len(w) == 1 {
		return w[0]
	}
	return w[head]
}

// MarshalJSON implements [json.Marshaler].
func (w Numbers) MarshalJSON() ([]byte, error) {
	if len(w) == 1 {
		return json.Marshal(w[0])
	}
	return json.Marshal([]float64(w))
}

// UnmarshalJSON implements [json.Unmarshaler].
func (w *Numbers) UnmarshalJSON(text []byte) error {
	var one float64
	if json.Unmarshal(text, &one) == nil {
		*w = Numbers{one}
		return nil
	}
	return json.Unmarshal(text, (*[]float64)(w))
}
