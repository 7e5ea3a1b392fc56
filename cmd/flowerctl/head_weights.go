package main

import "encoding/json"

// headWeights multiply the losses of the auxiliary heads: one number for all, or
// one for each. The main head's weight is 1.
type headWeights []float64

// of is the weight of an auxiliary head, from 0.
func (w headWeights) of(head int) float64 {
	if len(w) == 1 {
		return w[0]
	}
	return w[head]
}

// MarshalJSON writes one number as a number, several as a list.
func (w headWeights) MarshalJSON() ([]byte, error) {
	if len(w) == 1 {
		return json.Marshal(w[0])
	}
	return json.Marshal([]float64(w))
}

// UnmarshalJSON reads what MarshalJSON writes.
func (w *headWeights) UnmarshalJSON(text []byte) error {
	var one float64
	if json.Unmarshal(text, &one) == nil {
		*w = headWeights{one}
		return nil
	}
	return json.Unmarshal(text, (*[]float64)(w))
}
