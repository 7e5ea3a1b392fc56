package train

import (
	"fmt"

	"github.com/flowerctl/flowerctl/train/model"
	"github.com/flowerctl/flowerctl/train/optim"
)

// averageSlot is the prefix of the average's values in last.ckpt, where they are
// among the optimizer's accumulators.
const averageSlot = "ema/"

// average is the exponential moving average of the trainable weights, as Keras'
// use_ema; running statistics are averages already. A nil average does nothing.
type average struct {
	share  float32 // of the new weights in a step
	vector optim.Vector
	names  []string
	values [][]float32 // the average, by name
	live   [][]float32 // the network's weights
}

// newAverage starts at the current weights.
func newAverage(c *Config) (*average, error) {
	if c.EMA == 0 {
		return nil, nil
	}
	params, err := c.Facts.Spec.Params()
	if err != nil {
		return nil, err
	}
	a := &average{share: float32(1 - c.EMA), vector: c.Vector}
	if a.vector == nil {
		a.vector = optim.NewVector(0)
	}
	w := c.Stepper.Weights()
	for _, p := range params {
		if p.Trainable {
			live := w[p.Name].Data
			a.names = append(a.names, p.Name)
			a.live = append(a.live, live)
			a.values = append(a.values, append([]float32(nil), live...))
		}
	}
	return a, nil
}

// update moves the average towards the weights, after a step.
func (a *average) update() {
	if a == nil {
		return
	}
	for i, v := range a.values {
		a.vector.EMA(v, a.live[i], a.share)
	}
}

// restart begins again at the weights as they are.
func (a *average) restart() {
	if a == nil {
		return
	}
	for i, v := range a.values {
		copy(v, a.live[i])
	}
}

// swap exchanges the average and the network's weights; a second swap undoes it.
func (a *average) swap() {
	if a == nil {
		return
	}
	for i, v := range a.values {
		live := a.live[i]
		for j := range v {
			v[j], live[j] = live[j], v[j]
		}
	}
}

// save adds copies of the average to an optimizer's state.
func (a *average) save(s *optim.State) {
	if a == nil {
		return
	}
	for i, name := range a.names {
		s.Slots[averageSlot+name] = append([]float32(nil), a.values[i]...)
	}
}

// restore takes the average out of a state that save has added it to.
func (a *average) restore(s *optim.State) error {
	if a == nil {
		return nil
	}
	for i, name := range a.names {
		saved, ok := s.Slots[averageSlot+name]
		if !ok || len(saved) != len(a.values[i]) {
			return fmt.Errorf("checkpoint has no average of %s: was the run started without one?", name)
		}
		copy(a.values[i], saved)
		delete(s.Slots, averageSlot+name)
	}
	return nil
}

// overwrite copies weights into those of the network.
func overwrite(live, w model.Weights) {
	for name, t := range w {
		copy(live[name].Data, t.Data)
	}
}
