package infer

import _ "embed"

// The model that the program carries, and the report of its verification:
// EfficientNet-Lite0, which ImageNet taught, trained further on 3,312 photographs of
// five flowers. `make builtin` trains it.
//
//go:generate make -C .. builtin
var (
	//go:embed builtin/flowers.onnx
	builtin []byte
	//go:embed builtin/flowers.onnx.verify.json
	builtinReport []byte
)

// Builtin is the ONNX file inside the program, for when no other is named: it
// tells photographs of daisies, dandelions, roses, sunflowers and tulips. It must not be
// changed.
func Builtin() []byte { return builtin }

// BuiltinReport is the report of flowerctl verify on [Builtin], in JSON. It must not
// be changed.
func BuiltinReport() []byte { return builtinReport }
