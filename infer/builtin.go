package infer

// builtin is the model that the program carries, or nil when it was built
// without one.
var builtin []byte

// Builtin is the ONNX file inside the program, for when no other is named. It is
// empty when there is none. It must not be changed.
func Builtin() []byte { return builtin }
