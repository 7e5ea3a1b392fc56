package onnx

// The fields of ONNX' messages that are read or written: their numbers, and the
// wire types that are accepted for them. The encoder and the decoder both use
// these tables. Source: onnx.proto3; see the package's comment.

// ModelProto.
const (
	modelIRVersion       = 1
	modelProducerName    = 2
	modelProducerVersion = 3
	modelDomain          = 4
	modelVersion         = 5
	modelDoc             = 6
	modelGraph           = 7
	modelOpset           = 8
	modelMetadata        = 14
	modelTraining        = 20
	modelFunction        = 25
)

var modelFields = fieldTypes{
	modelIRVersion:       varint,
	modelProducerName:    bytesField,
	modelProducerVersion: bytesField,
	modelDomain:          bytesField,
	modelVersion:         varint,
	modelDoc:             bytesField,
	modelGraph:           bytesField,
	modelOpset:           bytesField,
	modelMetadata:        bytesField,
	modelTraining:        bytesField,
	modelFunction:        bytesField,
}

// OperatorSetIdProto.
const (
	opsetDomain  = 1
	opsetVersion = 2
)

var opsetFields = fieldTypes{opsetDomain: bytesField, opsetVersion: varint}

// StringStringEntryProto.
const (
	entryKey   = 1
	entryValue = 2
)

var entryFields = fieldTypes{entryKey: bytesField, entryValue: bytesField}

// FunctionProto.
const (
	functionName      = 1
	functionInput     = 4
	functionOutput    = 5
	functionAttribute = 6
	functionNode      = 7
	functionOpset     = 9
	functionDomain    = 10
	functionDefault   = 11
)

var functionFields = fieldTypes{
	functionName:      bytesField,
	functionInput:     bytesField,
	functionOutput:    bytesField,
	functionAttribute: bytesField,
	functionNode:      bytesField,
	functionOpset:     bytesField,
	functionDomain:    bytesField,
	functionDefault:   bytesField,
}

// GraphProto.
const (
	graphNode        = 1
	graphName        = 2
	graphInitializer = 5
	graphDoc         = 10
	graphInput       = 11
	graphOutput      = 12
	graphValue       = 13
	graphSparse      = 15
)

var graphFields = fieldTypes{
	graphNode:        bytesField,
	graphName:        bytesField,
	graphInitializer: bytesField,
	graphDoc:         bytesField,
	graphInput:       bytesField,
	graphOutput:      bytesField,
	graphValue:       bytesField,
	graphSparse:      bytesField,
}

// NodeProto.
const (
	nodeInput     = 1
	nodeOutput    = 2
	nodeName      = 3
	nodeOp        = 4
	nodeAttribute = 5
	nodeDoc       = 6
	nodeDomain    = 7
)

var nodeFields = fieldTypes{
	nodeInput:     bytesField,
	nodeOutput:    bytesField,
	nodeName:      bytesField,
	nodeOp:        bytesField,
	nodeAttribute: bytesField,
	nodeDoc:       bytesField,
	nodeDomain:    bytesField,
}

// AttributeProto.
const (
	attributeName          = 1
	attributeFloat         = 2
	attributeInt           = 3
	attributeString        = 4
	attributeTensor        = 5
	attributeGraph         = 6
	attributeFloats        = 7
	attributeInts          = 8
	attributeStrings       = 9
	attributeTensors       = 10
	attributeGraphs        = 11
	attributeType          = 20
	attributeRef           = 21
	attributeSparseTensor  = 22
	attributeSparseTensors = 23
)

var attributeFields = fieldTypes{
	attributeName:          bytesField,
	attributeFloat:         fixed32,
	attributeInt:           varint,
	attributeString:        bytesField,
	attributeTensor:        bytesField,
	attributeGraph:         bytesField,
	attributeFloats:        fixed32s,
	attributeInts:          varints,
	attributeStrings:       bytesField,
	attributeTensors:       bytesField,
	attributeGraphs:        bytesField,
	attributeType:          varint,
	attributeRef:           bytesField,
	attributeSparseTensor:  bytesField,
	attributeSparseTensors: bytesField,
}

// TensorProto.
const (
	tensorDims     = 1
	tensorElem     = 2
	tensorSegment  = 3
	tensorFloats   = 4 // float32 and complex64
	tensorInt32s   = 5 // every type of up to 32 bits that has no field of its own
	tensorStrings  = 6
	tensorInt64s   = 7
	tensorName     = 8
	tensorRaw      = 9
	tensorDoubles  = 10 // float64 and complex128
	tensorUint64s  = 11 // uint32 and uint64
	tensorExternal = 13
	tensorLocation = 14
)

var tensorFields = fieldTypes{
	tensorDims:     varints,
	tensorElem:     varint,
	tensorSegment:  bytesField,
	tensorFloats:   fixed32s,
	tensorInt32s:   varints,
	tensorStrings:  bytesField,
	tensorInt64s:   varints,
	tensorName:     bytesField,
	tensorRaw:      bytesField,
	tensorDoubles:  fixed64s,
	tensorUint64s:  varints,
	tensorExternal: bytesField,
	tensorLocation: varint,
}

// ValueInfoProto.
const (
	valueName = 1
	valueType = 2
)

var valueFields = fieldTypes{valueName: bytesField, valueType: bytesField}

// TypeProto.
const (
	typeTensor   = 1
	typeSequence = 4
	typeMap      = 5
	typeSparse   = 8
	typeOptional = 9
)

var typeFields = fieldTypes{
	typeTensor:   bytesField,
	typeSequence: bytesField,
	typeMap:      bytesField,
	typeSparse:   bytesField,
	typeOptional: bytesField,
}

// TypeProto.Tensor.
const (
	tensorTypeElem  = 1
	tensorTypeShape = 2
)

var tensorTypeFields = fieldTypes{tensorTypeElem: varint, tensorTypeShape: bytesField}

// TensorShapeProto.
const shapeDim = 1

var shapeFields = fieldTypes{shapeDim: bytesField}

// TensorShapeProto.Dimension.
const (
	dimValue = 1
	dimParam = 2
)

var dimFields = fieldTypes{dimValue: varint, dimParam: bytesField}
