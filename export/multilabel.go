package export

import (
	"fmt"
	"slices"

	"github.com/flowerctl/flowerctl/train/model"
)

// checkLabels refuses options that go with several labels an image, or with one class.
func (o *Options) checkLabels(spec *model.Spec) error {
	multi := spec.MultiLabel()
	switch n := len(o.Thresholds); {
	case multi && o.Unknown != nil:
		return fmt.Errorf("an answer of several labels is never unknown: none of them may be given")
	case multi && o.Temperature != 1:
		return fmt.Errorf("temperature %g: several labels have none", o.Temperature)
	case n > 0 && (!multi || n != spec.Classes):
		return fmt.Errorf("%d thresholds for a network of %d classes, several an image: %t", n,
			spec.Classes, multi)
	}
	if i := slices.IndexFunc(o.Thresholds, func(t float64) bool { return !(t >= 0 && t <= 1) }); i >= 0 {
		return fmt.Errorf("threshold %g of label %d, want 0 to 1", o.Thresholds[i], i)
	}
	return nil
}
