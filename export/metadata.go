package export

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/checkpoint"
	"github.com/flowerctl/flowerctl/train/metrics"
	"github.com/flowerctl/flowerctl/train/model"
)

// Metadata is what a file says about itself in metadata_props.
type Metadata struct {
	Labels     []string            // labels: names of the classes, by index
	Arch       string              // arch
	Size       int                 // input_size: side of the network's square, pixels
	Preprocess imageprep.Config    // preprocess
	Training   checkpoint.Training // training
	Version    string              // flowerctl_version: the program that exported
	License    string              // license, of the weights
	Input      Input               // input
	Precision  Precision           // precision
	Folded     bool                // folded: batch norms have been merged into other layers
	Weights    string              // weights_sha256: see WeightsDigest
	// Temperature divides the logits before the softmax; 0 where nothing does.
	Temperature float64 // temperature
	// Unknown is below which probability an answer is called unknown; nil: not said.
	Unknown *metrics.Threshold // unknown
	// MultiLabel says that an image has any number of labels: those whose probability is at
	// least that of Thresholds, or 0.5 where that is nil.
	MultiLabel bool      // multi_label
	Thresholds []float64 // thresholds
	// Rescale is what a caller of a Float file does first with pixels of 0 to 255:
	// x*Scale + Offset. It is nil where there is nothing to do.
	Rescale *Rescale
}

// Rescale is x*Scale + Offset, or where Scales are not zeros, x*Scales[c] +
// Offsets[c] for the channels R, G and B.
type Rescale struct {
	Scale   float64    `json:"scale"`
	Offset  float64    `json:"offset"`
	Scales  [3]float64 `json:"scales,omitzero"`
	Offsets [3]float64 `json:"offsets,omitzero"`
}

// Channels are the scale and offset of each channel.
func (r Rescale) Channels() (scales, offsets [3]float64) {
	n := model.Node{Scale: r.Scale, Offset: r.Offset, Scales: r.Scales, Offsets: r.Offsets}
	return n.Rescaling()
}

// NotStated is the license in the metadata of a file that none was named for.
const NotStated = "not stated"

func metadata(c *checkpoint.Checkpoint, spec *model.Spec, o Options) ([]onnx.Property, error) {
	version, license := o.Version, o.License
	if version == "" {
		version = c.Training.ToolVersion
	}
	if license == "" {
		license = NotStated
	}
	digest, err := WeightsDigest(&c.Spec, c.Weights)
	if err != nil {
		return nil, err
	}
	var list []onnx.Property
	text := func(key, value string) { list = append(list, onnx.Property{Key: key, Value: value}) }
	text("arch", spec.Name)
	text("input_size", strconv.Itoa(spec.Input[1]))
	text("flowerctl_version", version)
	text("license", license)
	text("input", string(o.Input))
	text("precision", string(o.Precision))
	text("folded", strconv.FormatBool(o.FoldBatchNorm))
	text("weights_sha256", digest)
	values := []error{
		asJSON(&list, "labels", c.Labels),
		asJSON(&list, "preprocess", c.Preprocess),
		asJSON(&list, "training", c.Training),
	}
	if n := spec.Extractor(); n != nil {
		text("extractor", n.File.Of)
		text("extractor_sha256", n.File.SHA256)
	}
	if o.Temperature != 1 {
		text("temperature", strconv.FormatFloat(o.Temperature, 'g', -1, 64))
	}
	if spec.MultiLabel() {
		text("multi_label", "true")
	}
	if o.Thresholds != nil {
		values = append(values, asJSON(&list, "thresholds", o.Thresholds))
	}
	if o.Unknown != nil {
		values = append(values, asJSON(&list, "unknown", o.Unknown))
	}
	if r := rescale(spec); r != nil && o.Input == Float {
		values = append(values, asJSON(&list, "rescale",
			Rescale{r.Scale, r.Offset, r.Scales, r.Offsets}))
	}
	return list, errors.Join(values...)
}

func asJSON[T any](list *[]onnx.Property, key string, v T) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("metadata %s: %w", key, err)
	}
	*list = append(*list, onnx.Property{Key: key, Value: string(b)})
	return nil
}

// ReadMetadata returns what a file says about itself. A missing key leaves its
// field zero; a value that cannot be read is an error.
func ReadMetadata(m *onnx.Model) (Metadata, error) {
	var d Metadata
	get := func(key string) string {
		v, _ := m.Property(key)
		return v
	}
	d.Arch, d.Version, d.License = get("arch"), get("flowerctl_version"), get("license")
	d.Input, d.Precision = Input(get("input")), Precision(get("precision"))
	d.MultiLabel = get("multi_label") == "true"
	d.Weights, d.Folded = get("weights_sha256"), get("folded") == "true"
	if v := get("input_size"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil {
			return d, fmt.Errorf("metadata input_size: %q is not a number", v)
		}
		d.Size = n
	}
	for _, err := range []error{
		parse(get("temperature"), "temperature", &d.Temperature),
		parse(get("unknown"), "unknown", &d.Unknown),
		parse(get("thresholds"), "thresholds", &d.Thresholds),
		parse(get("labels"), "labels", &d.Labels),
		parse(get("preprocess"), "preprocess", &d.Preprocess),
		parse(get("training"), "training", &d.Training),
		parse(get("rescale"), "rescale", &d.Rescale),
	} {
		if err != nil {
			return d, err
		}
	}
	return d, nil
}

func parse[T any](text, key string, to *T) error {
	if text == "" {
		return nil
	}
	if err := json.Unmarshal([]byte(text), to); err != nil {
		return fmt.Errorf("metadata %s: %w", key, err)
	}
	return nil
}

// WeightsDigest is the SHA-256 over a network's parameters, names and values in
// the order of the spec, and over that of its extractor: it says whether a file was made from a checkpoint.
func WeightsDigest(spec *model.Spec, w model.Weights) (string, error) {
	params, err := spec.Params()
	if err != nil {
		return "", err
	}
	h := sha256.New()
	if n := spec.Extractor(); n != nil {
		fmt.Fprintf(h, "%s %s\n", n.Name, n.File.SHA256)
	}
	buf := make([]byte, 0, 1<<16)
	for _, p := range params {
		fmt.Fprintf(h, "%s%v\n", p.Name, p.Shape)
		for _, v := range w[p.Name].Data {
			if buf = binary.LittleEndian.AppendUint32(buf, math.Float32bits(v)); len(buf) == cap(buf) {
				h.Write(buf)
				buf = buf[:0]
			}
		}
		h.Write(buf)
		buf = buf[:0]
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
