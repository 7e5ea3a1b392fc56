package onnx

// rules are the operators whose results Check infers: all that this module
// writes, and those that networks for images from PyTorch, Keras and the ONNX
// zoo are made of.
var rules = makeRules()

func makeRules() map[string]rule {
	rules := map[string]rule{
		"Conv": {2, 3, inferConv}, "MaxPool": {1, 1, inferPool},
		"AveragePool": {1, 1, inferPool}, "LpPool": {1, 1, inferPool},
		"GlobalAveragePool": {1, 1, inferGlobalPool}, "GlobalMaxPool": {1, 1, inferGlobalPool},
		"BatchNormalization": {5, 5, inferBatchNorm}, "Gemm": {2, 3, inferGemm},
		"MatMul": {2, 2, inferMatMul}, "LRN": {1, 1, inferReal},
		"InstanceNormalization": {3, 3, inferReal}, "LayerNormalization": {2, 3, inferFirst},
		"Softmax": {1, 1, inferSoftmax}, "LogSoftmax": {1, 1, inferSoftmax},
		"Hardmax": {1, 1, inferSoftmax},

		"Reshape": {2, 2, inferReshape}, "Flatten": {1, 1, inferFlatten},
		"Transpose": {1, 1, inferTranspose}, "Concat": {1, many, inferConcat},
		"Squeeze": {1, 2, inferSqueeze}, "Unsqueeze": {1, 2, inferUnsqueeze},
		"Split": {1, 2, inferSplit}, "Slice": {1, 5, inferSlice}, "Pad": {1, 4, inferPad},
		"Resize": {1, 4, inferResize}, "Upsample": {1, 2, inferResize},
		"Gather": {2, 2, inferGather}, "Expand": {2, 2, inferExpand},
		"Shape": {1, 1, inferShape}, "Constant": {0, 0, inferConstant},
		"ConstantOfShape": {1, 1, inferConstantOfShape}, "Cast": {1, 1, inferCast},
		"Range": {3, 3, inferRange}, "Tile": {2, 2, inferTile},

		"QuantizeLinear": {2, 3, inferQuantize}, "DequantizeLinear": {2, 3, inferDequantize},
		"Dropout": {1, 3, inferDropout}, "Clip": {1, 3, inferFirst}, "PRelu": {2, 2, inferFirst},
		"Where": {3, 3, inferWhere}, "Pow": {2, 2, inferBroadcast}, "Mod": {2, 2, inferBroadcast},
	}
	for _, op := range []string{"Relu", "LeakyRelu", "Sigmoid", "Tanh", "Exp", "Log", "Sqrt",
		"Floor", "Ceil", "Round", "Erf", "Elu", "Selu", "HardSigmoid", "HardSwish", "Softplus",
		"Mish", "Gelu", "Reciprocal"} {
		rules[op] = rule{1, 1, inferReal}
	}
	for _, op := range []string{"Identity", "Neg", "Abs", "Not", "Sign"} {
		rules[op] = rule{1, 1, inferFirst}
	}
	for _, op := range []string{"Add", "Sub", "Mul", "Div", "And", "Or"} {
		rules[op] = rule{2, 2, inferArithmetic}
	}
	for _, op := range []string{"Sum", "Mean", "Min", "Max"} {
		rules[op] = rule{1, many, inferBroadcast}
	}
	for _, op := range []string{"Equal", "Less", "Greater", "LessOrEqual", "GreaterOrEqual"} {
		rules[op] = rule{2, 2, inferCompare}
	}
	for _, op := range []string{"ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd",
		"ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceSumSquare"} {
		rules[op] = rule{1, 2, inferReduce}
	}
	for _, op := range []string{"ArgMax", "ArgMin"} {
		rules[op] = rule{1, 1, inferArg}
	}
	return rules
}
