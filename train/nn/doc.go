// Package nn trains and runs networks on gorgonia.
//
// A network is a [model.Spec]; [New] makes a [Network] of it, which trains and
// evaluates and is what the training loop calls a train.Stepper, and
// [NewForward] makes a [Forward], which only answers. Both build a [Graph], a
// gorgonia graph made of the ops of this package, one op a file: convolution in
// conv.go, and so on. Each op computes on a prepared object of a
// [kernel.Engine], writes into memory that the graph's plan gave it (plan.go),
// and says in SymDiff which gradient ops follow from it. The package imports
// nothing of export or infer. Start at [New], then [Graph].
//
// Activations are NHWC, (N, H, W, C), and so are the shapes of gorgonia's
// nodes; vectors are (N, K). Parameters have ONNX's order, see [model.Param].
//
// Why own ops. gorgonia's convolution is 10 to 20 times slower than PyTorch's;
// its dropout, average pooling and frozen batch norm have wrong gradients; and
// its machine allocates every result anew, gigabytes a step. Ops that own their
// results cost the machine a few microseconds each.
package nn
