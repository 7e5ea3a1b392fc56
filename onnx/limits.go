package onnx

// MaxFileBytes is the largest size of a file, protobuf's own limit for one message.
const MaxFileBytes = 1<<31 - 1

// MaxRank is the largest number of axes of a tensor; ONNX' operators use up to 8.
const MaxRank = 16

// Limits of what Decode accepts, all checked before memory is allocated. The
// largest networks of the ONNX model zoo stay well under them.
const (
	maxNodes    = 50_000    // in all graphs and functions together
	maxElements = 1 << 28   // values in one tensor; the largest of VGG-16 has 102,760,448
	maxDim      = 1<<31 - 1 // length of one axis
	maxDepth    = 8         // graphs inside attributes of nodes of graphs
	maxName     = 4096      // bytes of a name; metadata and documentation have no limit

	// structureBytes limits the memory of the Go values that a file is decoded to, not
	// counting as many bytes as the file has.
	structureBytes = 24 << 20
)
