package run

import (
	"cmp"
	"fmt"

	"github.com/flowerctl/flowerctl/train"
)

// TransferDefaults are the settings of a training that starts from a network that
// exists: from is a file or the name of one. The head is fitted first; then, where
// there are images enough, the upper stages are trained with it, batch norms as they
// are, and the averaged weights of the last epoch are kept, or the head alone if its
// validation loss is smaller, each with its own temperature. To choose among epochs is to
// choose by chance, or what is least sure of itself: docs/fine-tuning.md.
func TransferDefaults(from string) Settings {
	s := Defaults()
	s.From, s.Arch, s.Freeze = from, "", FreezeAuto
	s.Optimizer, s.LR, s.LRBody, s.Schedule = "adamw", 1e-3, 3e-4, "cosine,warmup=0.5"
	s.Options.WeightDecay = 0.01
	s.FreezeBN, s.EMA, s.Smooth = true, 0.99, 0.1
	s.Augment = varied("0.5")
	s.Epochs, s.Patience, s.Monitor = 13, 0, string(train.Last)
	return s
}

// varied is the policy for photographs, with the share of an image that a crop keeps at least.
func varied(crop string) string {
	return "flip,rotate=15,crop=" + crop +
		",brightness=0.3,contrast=0.3,saturation=0.3,hue=10,mixup=0.2,cutmix=1"
}

// ArchDefaults are the settings of a training of that preset from nothing: [Defaults],
// and for resnet12d, which is for photographs, those found for it, as docs/from-nothing.md
// tells. size in pixels and epochs are what the user asked for, 0 for the preset's own; the
// size in training and the warm-up keep their share of them.
func ArchDefaults(preset string, size, epochs int) Settings {
	s := Defaults()
	s.Arch, s.Size, s.Epochs = preset, size, cmp.Or(epochs, s.Epochs)
	if preset != "resnet12d" {
		return s
	}
	s.Epochs = cmp.Or(epochs, 110)
	s.TrainSize = 112 * cmp.Or(size, 144) / 144
	s.Augment = varied("0.3")
	s.Optimizer, s.LR, s.Schedule = "adamw", 2e-3, fmt.Sprintf("cosine,warmup=%.3g", 5*float64(s.Epochs)/110)
	s.Options.WeightDecay = 0.05
	s.EMA, s.Smooth = 0.999, 0.1
	s.Patience, s.Monitor = 0, string(train.Last)
	return s
}

// FrozenDefaults are those of a head on the features of a network that is not trained:
// linear, whose penalty is chosen by cross-validation, or with a hidden layer, which is
// trained for 40 epochs, of which the last is kept.
func FrozenDefaults(from string, hidden int) Settings {
	s := TransferDefaults(from)
	s.Extractor, s.Hidden, s.Freeze, s.Augment = Onnxruntime, hidden, FreezeAll, "flip"
	s.LRBody, s.EMA, s.Smooth, s.Epochs = 0, 0, 0, 1
	if hidden > 0 {
		s.Smooth, s.Epochs, s.Schedule = 0.1, 40, "cosine,warmup=1"
	}
	return s
}

// Frozen are the settings with the values of [FrozenDefaults] in place of those of
// [TransferDefaults], but for what was given, by the names of fields.
func (s Settings) Frozen(given func(field string) bool) Settings {
	was, now := TransferDefaults(s.From), FrozenDefaults(s.From, s.Hidden)
	for i := range fields {
		if f := &fields[i]; f.json(&was) != f.json(&now) && (f.Name == "extractor" || !given(f.Name)) {
			f.Copy(&s, &now)
		}
	}
	return s
}

// Recipe are the defaults of a training of which somebody chose some settings, by the
// names of fields: those of the network that s starts from or, from nothing, of its preset.
func (s Settings) Recipe(given func(field string) bool) Settings {
	if s.FromBase() {
		return TransferDefaults(s.From)
	}
	epochs := 0
	if given("epochs") {
		epochs = s.Epochs
	}
	return ArchDefaults(s.Arch, s.Size, epochs)
}

// Take takes over the settings that were given. Where a patience was given, in epochs, these
// count alone, unless steps were given too.
func (s *Settings) Take(from *Settings, given func(field string) bool) {
	for i := range fields {
		if f := &fields[i]; given(f.Name) {
			f.Copy(s, from)
		}
	}
	if given("patience") && !given("patience-steps") {
		s.PatienceSteps = 0
	}
}

// Gorgonia is the value of Settings.Extractor that has a network read, and its features
// computed, as all else, in gorgonia.
const Gorgonia = "gorgonia"
