package train

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/flowerctl/flowerctl/train/model"
)

// Unseen says that a network learns its training images, and none of it shows in
// validation, where it answers one class only. It is not [Dead]: another rate does
// not mend it.
type Unseen struct {
	Epoch    int     `json:"epoch"` // when it was recognised
	Class    string  `json:"class"` // the one answer
	Accuracy float64 `json:"accuracy"`
	// Statistics says that batch norms have running averages, which may lag behind
	// the weights: measured ones may be all that is missing.
	Statistics bool `json:"statistics,omitempty"`
}

// String says it in one line, with what mends it.
func (u Unseen) String() string {
	var advice []string
	if u.Statistics {
		advice = append(advice, "statistics of batch norms that are measured")
	}
	advice = append(advice, "more images of each class", "a start from a trained network")
	return fmt.Sprintf("training is right for %.0f %% at epoch %d, and for %d epochs the "+
		"answer to every validation image was %s; try %s",
		100*u.Accuracy, u.Epoch, min(deadAfter, u.Epoch), u.Class, strings.Join(advice, ", "))
}

// unseen is the verdict on an epoch whose validation has one answer, nil where
// training has learned no more than validation shows.
func (l *loop) unseen(e Epoch, v Evaluation, class string) *Unseen {
	if class == "" || !learned(e.Accuracy, l.Train.Len(), v) {
		return nil
	}
	u := &Unseen{Epoch: e.Epoch, Class: class, Accuracy: e.Accuracy}
	u.Statistics = l.Measure == nil && slices.ContainsFunc(l.Facts.Spec.Nodes,
		func(n model.Node) bool { return n.Op == model.BatchNorm })
	return u
}

// learned says whether a training accuracy over so many images is more than chance
// gives to a network that always answers the commonest class: three standard
// deviations, and at least 5 in 100.
func learned(accuracy float64, images int, v Evaluation) bool {
	counts, most := map[int]int{}, 0
	for _, p := range v.Predictions {
		counts[p.Class]++
		most = max(most, counts[p.Class])
	}
	chance := float64(most) / float64(len(v.Predictions))
	deviation := math.Sqrt(chance * (1 - chance) / float64(images))
	return accuracy > chance+max(0.05, 3*deviation)
}
