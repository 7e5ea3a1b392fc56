package foreign

import (
	"errors"
	"io/fs"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/onnx"
)

// folder is what is beside a model.
func folder(files map[string]string) Beside {
	return func(name string) ([]byte, error) {
		text, ok := files[name]
		if !ok {
			return nil, fs.ErrNotExist
		}
		return []byte(text), nil
	}
}

func read(t *testing.T, properties, files map[string]string) *Facts {
	t.Helper()
	f, err := Read(properties, folder(files))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func resolved(t *testing.T, f *Facts, w Wish, fixed int) *Result {
	t.Helper()
	r, err := f.Resolve(w, fixed, false)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestWhatOtherProgramsSay has files as they are found.
func TestWhatOtherProgramsSay(t *testing.T) {
	for name, c := range map[string]struct {
		properties, files     map[string]string
		fixed                 int
		labels, from, prepare string
		assumed               string
	}{
		"nothing": {fixed: 32, prepare: "32 x 32, stretch, bilinear, RGB, pixels of 0 to 1",
			assumed: "stretch, bilinear, rgb, pixels of 0 to 1"},
		"Ultralytics": {properties: map[string]string{"author": "Ultralytics", "task": "classify",
			"names": `{0: 'oak', 1: "lady's mantle"}`, "imgsz": "[128, 128]"},
			labels: "oak|lady's mantle", from: "its metadata (names)",
			prepare: "128 x 128, crop, bilinear, RGB, pixels of 0 to 1",
			assumed: "crop, bilinear, rgb, pixels of 0 to 1, as Ultralytics has them"},
		"OpenVINO": {properties: map[string]string{"model_info labels": "oak lady_mantle",
			"model_info model_type": "Classification", "model_info resize_type": "fit_to_window_letterbox",
			"model_info mean_values": "127.5 127.5 127.5", "model_info scale_values": "[51.0, 102.0, 255.0]"},
			fixed: 64, labels: "oak|lady_mantle", from: "its metadata (model_info labels)",
			prepare: "64 x 64, letterbox, bilinear, RGB, (pixel/255 - 0.5,0.5,0.5) / 0.2,0.4,1",
			assumed: "bilinear, rgb"},
		"ViT": {files: map[string]string{
			"config.json": `{"model_type": "vit", "id2label": {"1": "ash", "0": "oak"}}`,
			"preprocessor_config.json": `{"do_resize": true, "size": {"height": 48, "width": 48},
				"resample": 3, "do_rescale": true, "rescale_factor": 0.00392156862745098,
				"do_normalize": true, "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]}`},
			labels: "oak|ash", from: "config.json (id2label)",
			prepare: "48 x 48, stretch, bicubic, RGB, (pixel/255 - 0.5,0.5,0.5) / 0.5,0.5,0.5"},
		"old ViT": {files: map[string]string{"preprocessor_config.json": `{"size": 48, "resample": 2,
			"do_normalize": true, "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]}`},
			prepare: "48 x 48, stretch, bilinear, RGB, (pixel/255 - 0.5,0.5,0.5) / 0.5,0.5,0.5"},
		"CLIP": {files: map[string]string{"preprocessor_config.json": `{"size": {"shortest_edge": 60},
			"crop_size": {"height": 48, "width": 48}, "do_center_crop": true, "resample": 3,
			"do_normalize": false}`},
			prepare: "48 x 48, crop to 0.8 of it, bicubic, RGB, pixels of 0 to 1"},
		"DeiT": {files: map[string]string{"preprocessor_config.json": `{"size": {"height": 60, "width": 60},
			"crop_size": {"height": 48, "width": 48}, "do_center_crop": true, "resample": 3,
			"image_mean": [0.1, 0.2, 0.3], "image_std": [1, 1, 1]}`},
			prepare: "48 x 48, stretch to 0.8 of it, bicubic, RGB, (pixel/255 - 0.1,0.2,0.3) / 1,1,1"},
		"ConvNeXt": {files: map[string]string{"preprocessor_config.json": `{"crop_pct": 0.875,
			"size": {"shortest_edge": 48}, "resample": 3, "do_normalize": false}`},
			prepare: "48 x 48, crop to 0.875 of it, bicubic, RGB, pixels of 0 to 1"},
		"EfficientNet": {files: map[string]string{"preprocessor_config.json": `{"resample": 2,
			"size": {"height": 48, "width": 48}, "rescale_factor": 0.00784313725490196,
			"rescale_offset": true, "do_normalize": false}`},
			prepare: "48 x 48, stretch, bilinear, RGB, (pixel/255 - 0.5) / 0.5"},
		"bytes in, not scaled": {files: map[string]string{"preprocessor_config.json": `{"resample": 2,
			"size": 48, "do_rescale": false, "image_mean": [51], "image_std": [102]}`},
			prepare: "48 x 48, stretch, bilinear, RGB, (pixel/255 - 0.2) / 0.4"},
		"MobileViT": {files: map[string]string{"preprocessor_config.json": `{"do_flip_channel_order": true,
			"size": {"shortest_edge": 60}, "crop_size": 54, "do_center_crop": true, "resample": 2}`},
			prepare: "54 x 54, crop to 0.9 of it, bilinear, BGR, pixels of 0 to 1"},
		"timm": {files: map[string]string{"config.json": `{"architecture": "resnet18", "num_classes": 2,
			"label_names": ["oak", "ash"], "pretrained_cfg": {"input_size": [3, 48, 48],
			"interpolation": "bicubic", "crop_pct": 0.95, "crop_mode": "center",
			"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}}`},
			labels: "oak|ash", from: "config.json (label_names)",
			prepare: "48 x 48, crop to 0.95 of it, bicubic, RGB, " +
				"(pixel/255 - 0.485,0.456,0.406) / 0.229,0.224,0.225"},
		"ours, not scaled": {properties: map[string]string{"labels": `["oak"]`, "input": "float",
			"preprocess": `{"size": 48, "resize": "crop"}`}, labels: "oak", from: "its metadata",
			prepare: "48 x 48, crop, bilinear, RGB, " +
				"(pixel/255 - 0,0,0) / 0.0039216,0.0039216,0.0039216"},
		"ours, scaled": {properties: map[string]string{"input": "float", "flowerctl_version": "1",
			"rescale":    `{"scale": 0.00784313725490196, "offset": -1}`,
			"preprocess": `{"size": 48, "resize": "crop"}`},
			prepare: "48 x 48, crop, bilinear, RGB, (pixel/255 - 0.5,0.5,0.5) / 0.5,0.5,0.5"},
		"list under names": {properties: map[string]string{"names": `["oak", "ash"]`}, fixed: 8,
			labels: "oak|ash", from: "its metadata (names)",
			prepare: "8 x 8, stretch, bilinear, RGB, pixels of 0 to 1",
			assumed: "stretch, bilinear, rgb, pixels of 0 to 1"},
	} {
		f := read(t, c.properties, c.files)
		r := resolved(t, f, Wish{}, c.fixed)
		if got := strings.Join(f.Labels, "|"); got != c.labels || f.LabelsFrom != c.from {
			t.Errorf("%s: got labels %q from %q", name, got, f.LabelsFrom)
		}
		if got := r.String(); got != c.prepare {
			t.Errorf("%s: got %s\nwant %s", name, got, c.prepare)
		}
		if got := strings.Join(r.Assumed, ", "); got != c.assumed {
			t.Errorf("%s: assumed %q, want %q", name, got, c.assumed)
		}
		if len(f.Notes) > 0 {
			t.Errorf("%s: %q", name, f.Notes)
		}
	}
}

func TestMetadataOfOthersIsLeftOutWithANote(t *testing.T) {
	for _, c := range []struct{ key, value, note string }{
		{"labels", "oak,ash", "metadata labels is no list of names"},
		{"labels", "7", "metadata labels"},
		{"names", "oak", "metadata names"},
		{"preprocess", "resize 64, crop", "metadata preprocess is not flowerctl's"},
		{"preprocess", `{"size": 64, "mean": [1]}`, "metadata preprocess"},
		{"preprocess", `{"resize": "crop"}`, "metadata preprocess"},
		{"imgsz", "[64, 32]", "no side of a square"},
	} {
		f := read(t, map[string]string{c.key: c.value}, nil)
		if f.Own || f.Labels != nil || len(f.Notes) != 1 || !strings.Contains(f.Notes[0], c.note) {
			t.Errorf("%s %q: got %+v", c.key, c.value, f)
		}
	}
	// What this program wrote itself is damaged.
	for _, key := range []string{"labels", "preprocess"} {
		if _, err := Read(map[string]string{key: "oak", "flowerctl_version": "1"}, nil); err == nil {
			t.Errorf("%s: no error", key)
		}
	}
	_, err := Read(map[string]string{"task": "detect", "names": "{0: 'oak'}"}, nil)
	if err == nil || !strings.Contains(err.Error(), `the network's task is "detect", want classify`) {
		t.Errorf("got %v", err)
	}
	f := read(t, nil, map[string]string{"config.json": "{", "preprocessor_config.json": "[1]"})
	if len(f.Notes) != 1 || !strings.Contains(f.Notes[0], "config.json is left out") {
		t.Errorf("got %q", f.Notes)
	}
}

func TestWishes(t *testing.T) {
	silent := read(t, nil, nil)
	crop := map[string]string{"preprocessor_config.json": `{"size": {"shortest_edge": 40},
		"crop_size": 32, "do_center_crop": true, "resample": 2, "do_normalize": false}`}
	for _, c := range []struct {
		facts   *Facts
		wish    Wish
		want    string
		assumed int
	}{
		{silent, Wish{Preset: "imagenet"}, "32 x 32, crop to 0.875 of it, bilinear, RGB, " +
			"(pixel/255 - 0.485,0.456,0.406) / 0.229,0.224,0.225", 0},
		{silent, Wish{Preset: "keras"}, "32 x 32, stretch, bilinear, RGB, (pixel/255 - 0.5) / 0.5", 0},
		{silent, Wish{Preset: "imagenet", Preprocessing: Preprocessing{Resize: imageprep.Letterbox,
			Interpolation: imageprep.Bicubic, Channels: BGR, Std: []float32{1}}},
			"32 x 32, letterbox, bicubic, BGR, (pixel/255 - 0.485,0.456,0.406) / 1", 0},
		{silent, Wish{Preprocessing: Preprocessing{CropShare: 0.9}},
			"32 x 32, crop to 0.9 of it, bilinear, RGB, pixels of 0 to 1", 3},
		{silent, Wish{Preprocessing: Preprocessing{Mean: []float32{0.5}}},
			"32 x 32, stretch, bilinear, RGB, pixel/255 - 0.5", 3},
		{read(t, nil, crop), Wish{Preprocessing: Preprocessing{Resize: imageprep.Crop, CropShare: 0.8,
			Mean: []float32{0, 0, 0}}}, "32 x 32, crop to 0.8 of it, bilinear, RGB, pixels of 0 to 1", 0},
		{read(t, map[string]string{"author": "Ultralytics"}, nil),
			Wish{Preprocessing: Preprocessing{Resize: imageprep.Stretch}},
			"32 x 32, stretch, bilinear, RGB, pixels of 0 to 1", 4},
	} {
		r := resolved(t, c.facts, c.wish, 32)
		if r.String() != c.want || len(r.Assumed) != c.assumed {
			t.Errorf("%+v: got %s, assumed %q\nwant %s", c.wish, r, r.Assumed, c.want)
		}
	}
	if r := resolved(t, silent, Wish{Preset: "clip"}, 0); r.Size != 224 {
		t.Errorf("got size %d, want the preset's", r.Size)
	}
	for _, c := range []struct {
		wish Wish
		want string
	}{
		{Wish{Preprocessing: Preprocessing{Size: 48}}, "size: got 48, but preprocessor_config.json says 32"},
		{Wish{Preprocessing: Preprocessing{Resize: imageprep.Stretch}},
			"resize: got stretch, but preprocessor_config.json says crop"},
		{Wish{Preprocessing: Preprocessing{CropShare: 0.875}},
			"crop-share: got 0.875, but preprocessor_config.json says 0.8"},
		{Wish{Preprocessing: Preprocessing{Channels: BGR}},
			"channels: got bgr, but preprocessor_config.json says rgb"},
		{Wish{Preprocessing: Preprocessing{Std: []float32{0.2}}},
			"std: got 0.2, but preprocessor_config.json says 1"},
		{Wish{Preset: "clip"}, "preprocess: got clip, but preprocessor_config.json says crop-share 0.8"},
	} {
		_, err := read(t, nil, crop).Resolve(c.wish, 0, false)
		var contradiction *ContradictionError
		if !errors.As(err, &contradiction) || err.Error() != c.want {
			t.Errorf("%+v: got %v, want %s", c.wish, err, c.want)
		}
	}
	for _, w := range []Wish{{Preset: "caffe"}, {Preprocessing: Preprocessing{Channels: "grb"}},
		{Preprocessing: Preprocessing{Resize: "fit"}}, {Preprocessing: Preprocessing{CropShare: 2}}} {
		if _, err := silent.Resolve(w, 32, false); err == nil {
			t.Errorf("%+v: no error", w)
		}
	}
}

// network has a convolution of the given channels behind nodes on an input of free
// lengths.
func network(channels int, lengths [4]string, nodes ...onnx.Node) *onnx.Model {
	m := &onnx.Model{}
	v := onnx.TensorInfo("x", onnx.Float32)
	for _, name := range lengths {
		v.Dims = append(v.Dims, onnx.Symbol(name))
	}
	m.Graph.Inputs = []onnx.ValueInfo{v}
	m.Graph.Initializers = []onnx.Initializer{onnx.NewInitializer("w", onnx.NewTensor(4, channels, 3, 3))}
	m.Graph.Nodes = append(nodes, onnx.Node{Op: "Conv", Inputs: []string{"y", "w"}, Outputs: []string{"z"}})
	return m
}

func TestFreeLengthsAreReadOffTheGraph(t *testing.T) {
	free := []int{-1, -1, -1, -1}
	names := [4]string{"batch_size", "num_channels", "height", "width"}
	last := onnx.Node{Op: "Transpose", Inputs: []string{"x"}, Outputs: []string{"y"},
		Attributes: []onnx.Attribute{onnx.Ints("perm", 0, 3, 1, 2)}}
	scale := onnx.Node{Op: "Mul", Inputs: []string{"x", "s"}, Outputs: []string{"y"}}
	for name, c := range map[string]struct {
		m     *onnx.Model
		shape []int
		want  Input
	}{
		"optimum":  {network(3, names, scale), free, Input{ChannelsFirst: true}},
		"Keras":    {network(3, [4]string{"a", "b", "c", "d"}, last), free, Input{}},
		"no rank":  {network(3, names, scale), nil, Input{ChannelsFirst: true}},
		"no graph": {nil, free, Input{ChannelsFirst: true, Assumed: "channels first"}},
		"size":     {nil, []int{2, -1, 48, 48}, Input{ChannelsFirst: true, Size: 48, Batch: 2}},
		"one side": {nil, []int{-1, 3, 48, -1}, Input{ChannelsFirst: true, Size: 48}},
		"last":     {nil, []int{-1, 48, 48, -1}, Input{Size: 48}},
	} {
		got, err := ReadInput("x", "float32", c.shape, c.m)
		c.want.Name, c.want.Type = "x", "float32"
		if err != nil || got != c.want {
			t.Errorf("%s: got %+v, %v, want %+v", name, got, err, c.want)
		}
	}
	for want, c := range map[string]struct {
		m     *onnx.Model
		shape []int
	}{
		"its first layer takes 1 channels": {network(1, names, scale), free},
		"want 3 channels":                  {nil, []int{-1, 1, 28, 28}},
		"want a square":                    {nil, []int{-1, 3, 28, 32}},
		"want images":                      {nil, []int{-1, 784}},
	} {
		if _, err := ReadInput("x", "float32", c.shape, c.m); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
