package run

import "encoding/json"

// HeadWeights multiply the losses of the auxiliary heads: one number for all, or
// one for each. The main head's weight is 1. In JSON one number is a number,
// several are a list.
type HeadWeights []float64

// of is the weight of an auxiliary head, from 0.
func (w HeadWeights) of(head int) float64 {
	if len(w) == 1 {
		return w[0]
	}
	return w[head]
}

// MarshalJSON implements [json.Marshaler].
func (w HeadWeights) MarshalJSON() ([]byte, error) {
	if len(w) == 1 {
		return json.Marshal(w[0])
	}
	return json.Marshal([]float64(w))
}

// UnmarshalJSON implements [json.Unmarshaler].
func (w *HeadWeights) UnmarshalJSON(text []byte) error {
	var one float64
	if json.Unmarshal(text, &one) == nil {
		*w = HeadWeights{one}
		return nil
	}
	return json.Unmarshal(text, (*[]float64)(w))
}
