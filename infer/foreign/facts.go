package foreign

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/infer/labels"
)

// Facts are what a file, and the files beside it, say of it.
type Facts struct {
	Own        bool     // flowerctl export wrote its preprocessing
	Labels     []string // nil where nobody names the classes
	LabelsFrom string   // "its metadata (names)", "config.json"

	Says        Preprocessing     // what no option contradicts
	Sources     map[string]string // who says it, by the option's name
	Implied     Preprocessing     // what the program that wrote it does; options override it
	ImpliedFrom string

	// Notes are remarks for a person: metadata that were left out, and why.
	Notes []string
}

// Beside reads a file that is beside the model, such as config.json. It is nil where a
// model is in no folder.
type Beside func(name string) ([]byte, error)

// Keys of metadata_props that flowerctl export writes, and others use too.
const (
	keyLabels     = "labels"
	keyPreprocess = "preprocess"
	keyRescale    = "rescale"
	keyInput      = "input"
	keyVersion    = "flowerctl_version"
)

// Read is what a file's metadata say, and the files beside it where the file is of
// another program. Metadata that this program wrote and cannot read are an error; those
// of others are a note.
func Read(properties map[string]string, beside Beside) (*Facts, error) {
	f := &Facts{Sources: map[string]string{}}
	if err := f.own(properties); err != nil {
		return nil, err
	}
	if f.Own {
		return f, nil
	}
	f.names(properties)
	f.ultralytics(properties)
	f.openVINO(properties)
	if beside != nil {
		f.config(beside)
		f.preprocessor(beside)
	}
	if task := properties["task"]; task != "" && task != "classify" && properties["names"] != "" {
		return nil, fmt.Errorf("the network's task is %q, want classify", task)
	}
	return f, nil
}

// own reads the metadata of flowerctl export.
func (f *Facts) own(properties map[string]string) error {
	_, sure := properties[keyVersion]
	if text, ok := properties[keyLabels]; ok {
		names, err := listOf(text)
		switch {
		case err == nil:
			f.Labels, f.LabelsFrom = names, "its metadata"
		case sure:
			return fmt.Errorf("metadata labels: %w", err)
		}
	}
	text, ok := properties[keyPreprocess]
	if !ok {
		return nil
	}
	var c imageprep.Config
	d := json.NewDecoder(strings.NewReader(text))
	if !sure {
		d.DisallowUnknownFields()
	}
	err := d.Decode(&c)
	if _, more := d.Token(); err == nil && !errors.Is(more, io.EOF) {
		err = errors.New("more behind its end")
	}
	if err == nil {
		err = c.Validate()
		sure = sure || c.Size != 0 // nobody else has these keys alone
	}
	if err != nil && sure {
		return fmt.Errorf("metadata preprocess: %w", err)
	}
	if err != nil {
		f.note("its metadata preprocess is not flowerctl's and is left out")
		return nil
	}
	f.Own = true
	says := Preprocessing{Size: c.Size, Resize: cmp.Or(c.Resize, imageprep.Stretch),
		CropShare: cmp.Or(c.CropShare, 1), Interpolation: cmp.Or(c.Interpolation, imageprep.Bilinear),
		Channels: RGB}
	says.Mean, says.Std, err = rescale(properties)
	f.say(says, "the file")
	return err
}

// rescale reads how an exported file without the pixel steps takes pixels of 0 to 255:
// x*scale + offset, or as they are where it does not say.
func rescale(properties map[string]string) (mean, std []float32, err error) {
	if properties[keyInput] != "float" {
		return nil, nil, nil
	}
	r := struct {
		Scale, Offset   float64
		Scales, Offsets [3]float64
	}{Scale: 1}
	if text, ok := properties[keyRescale]; ok {
		if err := json.Unmarshal([]byte(text), &r); err != nil {
			return nil, nil, fmt.Errorf("metadata rescale: %w", err)
		}
	}
	if r.Scales == [3]float64{} {
		r.Scales = [3]float64{r.Scale, r.Scale, r.Scale}
		r.Offsets = [3]float64{r.Offset, r.Offset, r.Offset}
	}
	for c, scale := range r.Scales {
		deviation := 1 / (255 * scale)
		std = append(std, float32(deviation))
		mean = append(mean, float32(0-r.Offsets[c]*deviation))
	}
	return mean, std, nil
}

// listOf is a JSON list of names, as flowerctl export writes it.
func listOf(text string) (names []string, err error) {
	if !bytes.HasPrefix(bytes.TrimSpace([]byte(text)), []byte("[")) {
		return nil, errors.New("want a list of names")
	}
	err = json.Unmarshal([]byte(text), &names)
	return names, err
}

// namesKeys are under which other programs write the classes: Ultralytics, Hugging
// Face, and those who write their own.
var namesKeys = []string{"names", "id2label", keyLabels, "class_names", "classes"}

// names reads the classes out of metadata.
func (f *Facts) names(properties map[string]string) {
	for _, key := range namesKeys {
		text, ok := properties[key]
		if !ok || len(f.Labels) > 0 {
			continue
		}
		v, err := labels.ParseValue(strings.TrimSpace(text))
		if err == nil {
			var names []string
			if names, err = labels.Of(v); err == nil {
				f.Labels, f.LabelsFrom = names, fmt.Sprintf("its metadata (%s)", key)
				continue
			}
		}
		f.note(fmt.Sprintf("its metadata %s is no list of names and is left out", key))
	}
}

func (f *Facts) note(text string) { f.Notes = append(f.Notes, text) }

// ultralytics reads what yolo export writes.
func (f *Facts) ultralytics(properties map[string]string) {
	if text := properties["imgsz"]; text != "" {
		v, err := labels.ParseValue(strings.TrimSpace(text))
		sides, ok := v.Floats()
		last := len(sides) - 1
		if err == nil && ok && sides[0] == sides[last] && sides[0] >= 1 && sides[0] <= imageprep.MaxSize {
			f.say(Preprocessing{Size: int(sides[0])}, "its metadata (imgsz)")
		} else {
			f.note(fmt.Sprintf("its metadata imgsz is %.20q, no side of a square, and is left out", text))
		}
	}
	if properties["author"] == "Ultralytics" {
		f.Implied, _ = presetOf("ultralytics")
		f.Implied.Size, f.ImpliedFrom = 0, "Ultralytics"
	}
}

// openVINO reads what OpenVINO's Model API writes: keys of words that begin with
// model_info.
func (f *Facts) openVINO(properties map[string]string) {
	of := func(key string) string { return properties["model_info "+key] }
	if text := strings.TrimSpace(of("labels")); text != "" && len(f.Labels) == 0 {
		names := strings.Fields(text)
		if len(names) == 1 || text[0] == '[' || text[0] == '{' {
			names, _ = labels.Parse(text)
		}
		f.Labels, f.LabelsFrom = names, "its metadata (model_info labels)"
	}
	var says Preprocessing
	mean, std := floats(of("mean_values")), floats(of("scale_values"))
	if mean != nil || std != nil {
		says.Mean, says.Std = units(mean, 0, 1.0/255), units(std, 1, 1.0/255)
	}
	switch of("resize_type") {
	case "standard":
		says.Resize = imageprep.Stretch
	case "crop":
		says.Resize = imageprep.Crop
	case "fit_to_window_letterbox":
		says.Resize = imageprep.Letterbox
	case "":
	default:
		f.note(fmt.Sprintf("resize_type %.30q is not had", of("resize_type")))
	}
	f.say(says, "its metadata (model_info)")
}

// say adds what a source says; what is said already stays.
func (f *Facts) say(says Preprocessing, source string) {
	for _, p := range parts {
		if p.said(&says) && !p.said(&f.Says) {
			p.copy(&f.Says, &says)
			f.Sources[p.name] = source
		}
	}
}

// floats are the numbers of a text, with spaces or commas between them.
func floats(text string) (list []float64) {
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool {
		return strings.ContainsRune(" ,[]()", r)
	}), ",")
	v, err := labels.ParseValue("[" + text + "]")
	if list, ok := v.Floats(); err == nil && ok && (len(list) == 1 || len(list) == 3) {
		return list
	}
	return nil
}

// units are means or deviations of pixels of 0 to 255, times a factor; without them it
// is one value.
func units(values []float64, otherwise, factor float64) []float32 {
	if values == nil {
		values = []float64{otherwise}
	}
	list := make([]float32, len(values))
	for i, v := range values {
		list[i] = float32(v * factor)
	}
	return list
}
