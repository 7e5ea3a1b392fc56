package train

import (
	"fmt"

	"github.com/flowerctl/flowerctl/train/checkpoint"
	"github.com/flowerctl/flowerctl/train/model"
	"github.com/flowerctl/flowerctl/train/optim"
)

// average is the exponential moving average of the weights and the running
// statistics. In the first steps it forgets faster, by (1+t)/(10+t) after step t:
// weights at their start are worth nothing. A nil average does nothing.
type average struct {
	decay  float64
	vector optim.Vector
	names  []string
	values [][]float32 // the average, by name
	live   [][]float32 // the network's weights
	// statistic says which are running statistics.
	statistic []bool
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
	a := &average{decay: c.EMA, vector: c.Vector}
	if a.vector == nil {
		a.vector = optim.NewVector(0)
	}
	w := c.Stepper.Weights()
	for _, p := range params {
		live := w[p.Name].Data
		a.names = append(a.names, p.Name)
		a.live = append(a.live, live)
		a.values = append(a.values, append([]float32(nil), live...))
		a.statistic = append(a.statistic, !p.Trainable)
	}
	return a, nil
}

// update moves the average towards the weights, after the run's step t, from 1.
func (a *average) update(t int) {
	if a == nil {
		return
	}
	decay := min(a.decay, float64(1+t)/float64(10+t))
	for i, v := range a.values {
		a.vector.EMA(v, a.live[i], float32(1-decay))
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
		s.Slots[checkpoint.AverageSlot+name] = append([]float32(nil), a.values[i]...)
	}
}

// restore takes the average out of a state that save has added it to.
func (a *average) restore(s *optim.State) error {
	if a == nil {
		return nil
	}
	for i, name := range a.names {
		saved, ok := s.Slots[checkpoint.AverageSlot+name]
		if !ok && a.statistic[i] { // of a run from before they were averaged
			copy(a.values[i], a.live[i])
			continue
		}
		if !ok || len(saved) != len(a.values[i]) {
			return fmt.Errorf("checkpoint has no average of %s: was the run started without one?", name)
		}
		copy(a.values[i], saved)
		delete(s.Slots, checkpoint.AverageSlot+name)
	}
	return nil
}

// overwrite copies weights into those of the network.
func overwrite(live, w model.Weights) {
	for name, t := range w {
		copy(live[name].Data, t.Data)
	}
}
