// Package onnx reads, writes and checks ONNX files.
//
// A file is a [Model]: plain Go data, without generated code or reflection.
// [Model.Encode] writes the same bytes for the same model every time. [Decode]
// reads files of any origin, hostile ones included: it checks limits before it
// allocates memory, never panics, and refuses weights that are stored in other
// files; [ReadFile] and [Inline] take those from beside the file. [Model.Check] finds
// errors in types, shapes, order, names and operators.
//
// The package imports nothing of this module, and neither gorgonia nor
// onnxruntime. Field numbers and names are those of onnx.proto3 of ONNX 1.18,
// https://github.com/onnx/onnx/blob/v1.18.0/onnx/onnx.proto. Start at [Model].
package onnx
