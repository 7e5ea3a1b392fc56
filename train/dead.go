package train

import (
	"context"
	"fmt"
	"slices"

	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/data"
	"github.com/flowerctl/flowerctl/train/model"
)

// Dead says that training leads nowhere.
type Dead struct {
	Epoch int `json:"epoch"` // in which it was recognised
	// Class is the one answer to every image, "" if there were several.
	Class string `json:"class,omitempty"`
	// Layer is the first dead layer, "" if it is not known.
	Layer  string `json:"layer,omitempty"`
	Advice Advice `json:"advice"`
}

// Probe looks into the network that a Stepper trains.
type Probe interface {
	// ZeroGradients names the nodes with a parameter whose gradient was exactly
	// zero, or not finite, in the last step, in the order of the network.
	ZeroGradients() []string
	// FirstDead names the first node whose values are the same for every image of
	// the batch, "" if there is none, see [FirstDead].
	FirstDead(ctx context.Context, b *data.Batch) (string, error)
}

// deadAfter is the number of epochs in a row after which a network that looks dead
// is called dead, unless the run ends earlier. Healthy networks answer one class
// only for an epoch or two at the start.
const deadAfter = 4

// watch warns, once, of a network that answers one class only, or has layers
// without a gradient though it is often wrong. One whose training goes well all the
// same is Unseen, not Dead.
func (l *loop) watch(ctx context.Context, e Epoch, v Evaluation, better bool) error {
	s := &l.state
	if s.Dead != nil && s.Dead.Epoch < deadAfter { // from the end of a run that was resumed
		s.Dead = nil
	}
	if s.Unseen != nil && s.Unseen.Epoch < deadAfter {
		s.Unseen = nil
	}
	d := Dead{Epoch: e.Epoch, Class: l.onlyAnswer(v)}
	if e.Accuracy < 0.9 {
		d.Layer = l.still()
	}
	if d.Class == "" && d.Layer == "" {
		s.Stuck, s.Dead, s.Unseen = 0, nil, nil
		return nil
	}
	s.Stuck++
	if u := l.unseen(e, v, d.Class); u != nil && d.Layer == "" {
		s.Dead = nil
		if s.Unseen != nil || s.Stuck < deadAfter && !l.endsStuck(e.Epoch, better) {
			return nil
		}
		s.Unseen = u
		l.Observer.Warn(u.String())
		return l.folder.log(event{Event: "unseen", Epoch: u.Epoch, Text: u.String()})
	}
	s.Unseen = nil
	if s.Dead != nil || s.Stuck < deadAfter && !l.endsStuck(e.Epoch, better) {
		return nil
	}
	if l.Probe != nil && d.Class != "" {
		for b, err := range l.Validation.Batches(ctx, 0) {
			if err != nil {
				return err
			}
			layer, err := l.Probe.FirstDead(ctx, b)
			if err != nil {
				return err
			}
			if layer != "" {
				d.Layer = layer
			}
			break
		}
	}
	d.Advice = advise(&l.Facts.Spec, l.Facts.Training.Optimizer, l.LearningRate)
	s.Dead = &d
	l.Observer.Warn(d.String())
	return l.folder.log(event{Event: "dead", Epoch: d.Epoch, Text: d.String()})
}

// endsStuck reports whether the run ends with this epoch, before deadAfter, and all
// its epochs looked dead: because of the patience, or with more such epochs than
// healthy networks have.
func (l *loop) endsStuck(epoch int, better bool) bool {
	if l.state.Stuck < epoch {
		return false
	}
	exhausted := !better && l.exhausted(l.state.Wait+1)
	return exhausted || epoch == l.Epochs && epoch == deadAfter-1
}

// still is the first node without a gradient in the epoch's last step, whichever
// process did that.
func (l *loop) still() string {
	if l.noGradients || l.Probe == nil {
		return l.state.Still
	}
	return l.withoutGradient()
}

// withoutGradient is the first node whose gradient is zero although a loss depends
// on it, "" if there is none.
func (l *loop) withoutGradient() string {
	learns := learning(&l.Facts.Spec)
	for _, node := range l.Probe.ZeroGradients() {
		if learns[node] {
			return node
		}
	}
	return ""
}

// learning has the nodes on which the loss of a head depends.
func learning(spec *model.Spec) map[string]bool {
	nodes := map[string]bool{}
	for _, o := range spec.Outputs {
		if o.Weight != 0 {
			nodes[o.Node] = true
		}
	}
	for _, n := range slices.Backward(spec.Nodes) {
		for _, in := range n.Inputs {
			nodes[in] = nodes[in] || nodes[n.Name]
		}
	}
	return nodes
}

// onlyAnswer is the class that was answered to every image, "" if there were
// several, or if all images are of one class, for which one answer is right.
func (l *loop) onlyAnswer(v Evaluation) string {
	if l.Facts.Spec.MultiLabel() {
		return "" // no label, or the commonest alone, may be the best answer for a while
	}
	first, several := v.Predictions[0], false
	for _, p := range v.Predictions {
		if p.Predicted() != first.Predicted() {
			return ""
		}
		several = several || p.Class != first.Class
	}
	if !several {
		return ""
	}
	return l.Facts.Labels[first.Predicted()]
}

// String says in one line what is dead, with the advice.
func (d Dead) String() string { return d.what() + "; " + d.Advice.String() }

func (d Dead) what() string {
	text := fmt.Sprintf("training looks dead at epoch %d:", d.Epoch)
	if d.Class != "" {
		text += fmt.Sprintf(" for %d epochs the answer to every image was %s",
			min(deadAfter, d.Epoch), d.Class)
	}
	switch {
	case d.Layer == "":
		return text
	case d.Class == "":
		return text + fmt.Sprintf(" the gradient of %s is zero", d.Layer)
	}
	return text + fmt.Sprintf("; the first dead layer is %s", d.Layer)
}

// FirstDead names the first node of the network whose values are the same for all
// images, to one part in 10,000 of the largest. values has each node's values
// [N ...] by name. The result is "" if there is no such node or N is 1.
func FirstDead(spec *model.Spec, values map[string]onnx.Tensor) string {
	for _, n := range spec.Nodes {
		t, ok := values[n.Name]
		if !ok || len(t.Shape) == 0 || t.Shape[0] < 2 {
			continue
		}
		if images := t.Shape[0]; same(t.Data, images) {
			return n.Name
		}
	}
	return ""
}

// same reports whether each of the n rows is like the first.
func same(data []float32, n int) bool {
	size := len(data) / n
	var largest, apart float32
	for i, v := range data {
		d := v - data[i%size]
		largest, apart = max(largest, v, -v), max(apart, d, -d)
	}
	return apart <= 1e-4*largest
}
