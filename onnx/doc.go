// Package onnx reads, writes and checks ONNX files.
//
// A file is a [Model]: plain Go data, no generated code, no reflection. Encode
// writes the same bytes for the same model every time. Decode takes files of
// any origin and hostile ones too: limits hold before memory is taken, nothing
// panics, and weights stored outside the file are refused. Check finds what
// makes a model wrong: types, shapes, order, names, operators.
//
// The package imports nothing of this module, and neither gorgonia nor
// onnxruntime. Field numbers and names are those of onnx.proto3 of ONNX 1.18,
// https://github.com/onnx/onnx/blob/v1.18.0/onnx/onnx.proto. Start at [Model].
package onnx
