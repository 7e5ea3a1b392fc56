// Package nn trains and runs networks on gorgonia.
//
// [New] makes a [Network] of a [model.Spec]: it trains and evaluates, and is what the
// training loop calls a train.Stepper. [NewForward] makes a [Forward], which only
// answers. Both build gorgonia graphs (graph.go) of the ops of this package, one op a
// file: convolution in conv.go, and so on. Each op computes on a prepared object of a
// [kernel.Engine], writes into memory that the plan of the graph gave it (plan.go),
// and says in SymDiff which gradient ops follow from it. build.go turns the spec into
// ops; fuse.go has the rules by which some nodes share one.
//
// The package never imports export or infer. Start at [New], then graph.go.
//
// Activations are NHWC, (N, H, W, C), and so are the shapes of gorgonia's
// nodes; vectors are (N, K). Parameters have ONNX's order, see [model.Param].
//
// The ops are not gorgonia's, because its convolution is 10 to 20 times slower than
// PyTorch's; its dropout, average pooling and frozen batch norm have wrong gradients;
// and its machine allocates every result again in each step, gigabytes of them. Ops
// that own their results cost the machine a few microseconds each.
package nn
