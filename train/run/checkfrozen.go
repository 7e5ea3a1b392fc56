package run

import "github.com/flowerctl/flowerctl/train/data/augment"

// mostHidden and mostViews are more than pays: more units than a head of 1,000 classes
// has use for, and hours of features.
const mostHidden, mostViews = 4096, 64

// checkFrozen looks at the settings of features that are not trained.
func (p *plan) checkFrozen() error {
	switch {
	case p.Extractor != "" && p.Extractor != Onnxruntime && p.Extractor != Gorgonia:
		return wrong("extractor", "got %q, want %s or %s", p.Extractor, Onnxruntime, Gorgonia)
	case p.Extractor == Onnxruntime && !p.FromBase():
		return wrong("extractor", "the training starts from no network")
	case p.Hidden < 0 || p.Hidden > mostHidden:
		return wrong("hidden", "got %d units, want 0 (a linear head) to %d", p.Hidden, mostHidden)
	case p.Views < 0 || p.Views > mostViews:
		return wrong("views", "got %d, want 0 (what suits the policy) to %d", p.Views, mostViews)
	case !p.frozenWay():
		return p.notFrozen()
	case p.Freeze != FreezeAll:
		return wrong("freeze", "got %q: features by %s are not trained, want %s", p.Freeze,
			Onnxruntime, FreezeAll)
	case p.augment.Mixes():
		return wrong("augment", "%s mixes images, and features of single ones are computed once: "+
			"leave mixup and cutmix out", p.Augment)
	case p.Views > 1 && p.augment == (augment.Policy{}):
		return wrong("views", "got %d, and nothing varies the images: name an augmentation", p.Views)
	case p.Hidden == 0 && p.Classes != "":
		return wrong("class-weights", "a linear head on features has none: with a hidden layer there are")
	case p.TrainSize != 0:
		return wrong("train-size", "features are computed once: want 0")
	case p.CropFrom != 0:
		return wrong("crop-from", "features are computed once: want 0")
	case p.EMA != 0:
		return wrong("ema", "a head on features has no average: want 0")
	}
	return nil
}

// notFrozen refuses what goes with an extractor alone.
func (p *plan) notFrozen() error {
	for _, one := range []struct {
		name string
		set  bool
	}{{"cut", p.Cut != ""}, {"hidden", p.Hidden != 0}, {"views", p.Views != 0}} {
		if one.set {
			return wrong(one.name, "goes with features by %s of a network that exists", Onnxruntime)
		}
	}
	return nil
}
