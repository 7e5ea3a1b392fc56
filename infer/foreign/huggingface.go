package foreign

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/infer/labels"
	"github.com/flowerctl/flowerctl/train/textfile"
)

// The files that Hugging Face's programs write beside a model. The first one is timm's
// too.
const (
	configFile       = "config.json"
	preprocessorFile = "preprocessor_config.json"
)

// FileNames are the files beside a model that are read.
func FileNames() []string { return []string{configFile, preprocessorFile} }

// value reads a JSON file beside the model. One that is not there, or is no map, is
// none: a folder may have a config.json of any program.
func (f *Facts) value(beside Beside, name string) (labels.Value, bool) {
	data, err := beside(name)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			f.note(fmt.Sprintf("%s is left out: %v", name, err))
		}
		return labels.Value{}, false
	}
	text, err := textfile.Decode(data)
	if err != nil {
		f.note(fmt.Sprintf("%s is left out: %v", name, err))
		return labels.Value{}, false
	}
	v, err := labels.ParseValue(strings.TrimSpace(text))
	if err != nil {
		f.note(fmt.Sprintf("%s is left out: %v", name, err))
	}
	return v, err == nil && v.Kind == '{'
}

// config reads the classes out of config.json, and of timm's the preprocessing.
func (f *Facts) config(beside Beside) {
	v, ok := f.value(beside, configFile)
	if !ok {
		return
	}
	for _, key := range []string{"id2label", "label_names", "label2id"} {
		inner, ok := v.Of(key)
		if !ok || len(f.Labels) > 0 {
			continue
		}
		names, err := labels.Of(inner)
		if err != nil {
			f.note(fmt.Sprintf("%s of %s is left out: %v", key, configFile, err))
			continue
		}
		f.Labels, f.LabelsFrom = names, fmt.Sprintf("%s (%s)", configFile, key)
	}
	if inner, ok := v.Of("pretrained_cfg"); ok {
		f.timm(inner)
	}
}

// timm reads timm's pretrained_cfg.
func (f *Facts) timm(v labels.Value) {
	var says Preprocessing
	if size, ok := listValue(v, "input_size"); ok && len(size) == 3 && size[1] == size[2] {
		says.Size = side(size[1])
	}
	if share, ok := one(v, "crop_pct"); ok && share > 0 && share <= 1 {
		says.CropShare = share
	}
	switch mode, _ := v.Of("crop_mode"); mode.Text {
	case "center", "":
		says.Resize = imageprep.Crop
	case "squash":
		says.Resize = imageprep.Stretch
	default:
		f.note(fmt.Sprintf("crop_mode %.20q of %s is not had", mode.Text, configFile))
	}
	switch how, _ := v.Of("interpolation"); how.Text {
	case "bilinear":
		says.Interpolation = imageprep.Bilinear
	case "bicubic":
		says.Interpolation = imageprep.Bicubic
	case "":
	default:
		f.note(fmt.Sprintf("interpolation %.20q of %s is not had", how.Text, configFile))
	}
	mean, _ := listValue(v, "mean")
	std, _ := listValue(v, "std")
	if len(mean) == 3 && len(std) == 3 {
		says.Mean, says.Std = units(mean, 0, 1), units(std, 1, 1)
	}
	says.Channels = RGB
	f.say(says, configFile)
}

// preprocessor reads preprocessor_config.json, as transformers' image processors write
// it.
func (f *Facts) preprocessor(beside Beside) {
	v, ok := f.value(beside, preprocessorFile)
	if !ok {
		return
	}
	says := Preprocessing{Channels: RGB}
	if word(v, "do_flip_channel_order", false) {
		says.Channels = BGR
	}
	f.squares(v, &says)
	switch how, ok := one(v, "resample"); {
	case !ok:
	case how == 2:
		says.Interpolation = imageprep.Bilinear
	case how == 3:
		says.Interpolation = imageprep.Bicubic
	default:
		f.note(fmt.Sprintf("resample %v of %s is not had", how, preprocessorFile))
	}
	says.Mean, says.Std = normalisation(v)
	f.say(says, preprocessorFile)
}

// normalisation is that of a processor's rescale_factor, image_mean and image_std.
func normalisation(v labels.Value) (mean, std []float32) {
	factor := 1.0
	if word(v, "do_rescale", true) {
		factor = 1.0 / 255
		if given, ok := one(v, "rescale_factor"); ok && given > 0 {
			factor = given
		}
	}
	m, s := []float64{0}, []float64{1}
	if word(v, "do_normalize", true) {
		if list, ok := listValue(v, "image_mean"); ok && (len(list) == 1 || len(list) == 3) {
			m = list
		}
		if list, ok := listValue(v, "image_std"); ok && (len(list) == 1 || len(list) == 3) {
			s = list
		}
	}
	if word(v, "rescale_offset", false) { // EfficientNet: x*factor - 1
		for i := range m {
			m[i]++
		}
	}
	// (x*factor - m) / s is (x/255 - m/(255*factor)) / (s/(255*factor)).
	return units(m, 0, 1/(255*factor)), units(s, 1, 1/(255*factor))
}

// squares reads size, crop_size and crop_pct, whose meaning depends on the processor.
func (f *Facts) squares(v labels.Value, says *Preprocessing) {
	size, shortest := sideOf(v, "size")
	crop, _ := sideOf(v, "crop_size")
	cropped := word(v, "do_center_crop", crop > 0)
	share, hasShare := one(v, "crop_pct")
	if !word(v, "do_resize", true) {
		size = 0
	}
	kind, ok := v.Of("image_processor_type")
	if !ok {
		kind, _ = v.Of("feature_extractor_type")
	}
	switch {
	case size == 0:
		if cropped {
			says.Size = crop
		}
		f.note(fmt.Sprintf("%s does not say how pictures are resized", preprocessorFile))
	case hasShare && share > 0 && share <= 1: // ConvNeXt: from 384 on it stretches
		says.Size, says.Resize, says.CropShare = size, imageprep.Stretch, 1
		if size < 384 {
			says.Resize, says.CropShare = imageprep.Crop, share
		}
	case cropped && crop > 0:
		if strings.HasPrefix(kind.Text, "Levit") {
			size = int(256.0 / 224 * float64(size))
		}
		says.Size, says.Resize = crop, imageprep.Stretch
		if shortest || crop == size {
			says.Resize = imageprep.Crop
		}
		if crop <= size {
			says.CropShare = float64(crop) / float64(size)
		} else {
			f.note(fmt.Sprintf("crop_size %d of %s is more than size %d", crop, preprocessorFile, size))
		}
	case shortest:
		says.Size, says.Resize, says.CropShare = size, imageprep.Crop, 1
		f.note(fmt.Sprintf("%s keeps the shape of pictures: they are cropped to a square",
			preprocessorFile))
	default:
		says.Size, says.Resize, says.CropShare = size, imageprep.Stretch, 1
	}
}

// sideOf is a side in pixels: a number, a map of height and width, or the shortest edge.
// A number is the shortest edge where a crop follows.
func sideOf(v labels.Value, key string) (size int, shortest bool) {
	inner, ok := v.Of(key)
	if !ok {
		return 0, false
	}
	if inner.Kind == '"' {
		n, _ := inner.Int()
		return side(float64(n)), word(v, "do_center_crop", false)
	}
	if n, ok := one(inner, "shortest_edge"); ok {
		return side(n), true
	}
	h, _ := one(inner, "height")
	w, _ := one(inner, "width")
	if h != w {
		return 0, false
	}
	return side(h), false
}

// side is a number of pixels, 0 for one that no square has.
func side(n float64) int {
	if !(n >= 1 && n <= imageprep.MaxSize) {
		return 0
	}
	return int(n)
}

// one is a map's number.
func one(v labels.Value, key string) (float64, bool) {
	list, ok := listValue(v, key)
	if !ok || len(list) != 1 {
		return 0, false
	}
	return list[0], true
}

func listValue(v labels.Value, key string) ([]float64, bool) {
	inner, ok := v.Of(key)
	if !ok {
		return nil, false
	}
	return inner.Floats()
}

// word is a map's true or false.
func word(v labels.Value, key string, otherwise bool) bool {
	switch inner, _ := v.Of(key); inner.Text {
	case "true", "True":
		return true
	case "false", "False":
		return false
	}
	return otherwise
}
