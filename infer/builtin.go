package infer

import _ "embed"

// The model that the program carries: a network of 5,000 parameters, trained on
// 3,000 drawn flowers (package train/data/flowers), and the report of its
// verification. `make builtin` trains it.
//
//go:generate make -C .. builtin
var (
	//go:embed builtin/flowers.onnx
	builtin []byte
	//go:embed builtin/flowers.onnx.verify.json
	builtinReport []byte
)

// Builtin is the ONNX file inside the program, for when no other is named: it
// knows drawn flowers. It must not be changed.
func Builtin() []byte { return builtin }

// BuiltinReport is what flowerctl verify found on [Builtin], as it stands in the
// report's file. It must not be changed.
func BuiltinReport() []byte { return builtinReport }
