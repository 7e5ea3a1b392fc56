package onnx

// Limits on what Decode takes in, all checked before memory is allocated. The
// largest networks of the ONNX model zoo stay well under them.
const (
	MaxFileBytes = 1<<31 - 1 // protobuf's own limit for one message
	maxNodes     = 50_000    // in all graphs and functions together
	maxRank      = 16        // of a tensor; ONNX' operators use up to 8
	maxElements  = 1 << 28   // values in one tensor (1 GiB of float32); VGG-16's largest has 102,760,448
	maxDim       = 1<<31 - 1 // length of one axis
	maxDepth     = 8         // graphs inside attributes of nodes of graphs
	maxName      = 4096      // bytes of a name; metadata and documentation have no limit

	// structureBytes bounds the Go values that a file is decoded into, beside the
	// file's own bytes; a file may use as much again as it is long.
	structureBytes = 24 << 20
)
