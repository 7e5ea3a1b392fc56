// Package kernel is the contract of the engines that compute the layers of a
// network: forward and backward passes over plain slices.
//
// An [Engine] prepares one object for each layer of a network, once, when the
// shapes are known; the object then runs without allocating. The engines are
// packages of their own:
//
//   - naive: each layer as its formula, to read and to test the others with;
//   - generic: Go and Go assembly, for float32 and float64;
//   - onednn: the oneDNN library, float32 (build tag onednn).
//
// Package engine opens the fastest of them that the program was built with, and
// package kerneltest has the tests that every engine passes. This package holds
// what they share: the interfaces, the shapes and their checks, and the hash
// that decides what dropout drops. It imports no other package of this module, and
// never gorgonia. Start at [Engine].
//
// Layouts. Activations are NHWC: N images of H rows of W pixels of C channels,
// channels innermost (what Keras and oneDNN's fastest CPU kernels use).
// Parameters are in ONNX's order: convolution weights [O C/groups kH kW],
// dense weights [out in]. Slices hold exactly the named number of values; a
// layer panics when one does not.
//
// Backward methods overwrite their results; they never add to them. A result
// that may be nil is not computed when it is. Inputs are not changed, and
// results overlap no inputs, unless a comment says so.
package kernel

// Float is the element type of activations and parameters.
type Float interface{ float32 | float64 }

// Engine prepares layers. Its methods and the layers that it returns are for one
// goroutine at a time. Close releases what the engine holds; no layer may run
// after it.
//
// An engine may also have passes that most engines lack: see [NormPooler], and
// the interfaces of package optim, such as optim.AdamVector.
type Engine[T Float] interface {
	Name() string // "naive", "go" or "onednn 2.6.3"
	Threads() int

	Conv(ConvShape) (Conv[T], error)
	Dense(DenseShape) (Dense[T], error)
	BatchNorm(BatchNormShape) (BatchNorm[T], error)
	MaxPool(PoolShape) (MaxPool[T], error)
	AvgPool(PoolShape) (AvgPool[T], error)
	GlobalAvgPool(ImageShape) (AvgPool[T], error)

	// Element-wise and copying layers need no preparation.
	Elementwise[T]

	Close() error
}

// ImageShape is the shape of an activation.
type ImageShape struct{ N, H, W, C int }

// Len is the number of values.
func (s ImageShape) Len() int { return s.N * s.H * s.W * s.C }

// Window is the geometry of a convolution or pool, {vertical, horizontal};
// Pads is {top, left, bottom, right}.
type Window struct {
	Kernel, Stride [2]int
	Pads           [4]int
}

// Out is the height and width of the result for h rows of w pixels.
func (g Window) Out(h, w int) (oh, ow int) {
	return (h+g.Pads[0]+g.Pads[2]-g.Kernel[0])/g.Stride[0] + 1,
		(w+g.Pads[1]+g.Pads[3]-g.Kernel[1])/g.Stride[1] + 1
}

// ConvShape describes a convolution (cross-correlation, as every framework).
type ConvShape struct {
	In      ImageShape
	Filters int
	Window
	Groups int  // 1, or In.C for depthwise, or any common divisor
	Bias   bool // the layer has a bias
	// ReLU says that Forward ends in max(y, 0). oneDNN makes that 0 of a NaN: whoever looks
	// for NaN finds them in the gradients, where 0 times NaN is one.
	ReLU bool
	// Max is the upper bound of that ReLU, 6 for ReLU6; 0 for none.
	Max float64
	// BF16 says that the passes take x, w and dy as if they were rounded to bfloat16, see
	// [RoundBF16]. Products are summed in float32 at least, and no result is rounded.
	BF16 bool
	// Inference prepares Forward only.
	Inference bool
	// NoBackwardData says that the gradient of the input is never asked for,
	// because the input is the image.
	NoBackwardData bool
}

// Out is the shape of the result.
func (s ConvShape) Out() ImageShape {
	oh, ow := s.Window.Out(s.In.H, s.In.W)
	return ImageShape{s.In.N, oh, ow, s.Filters}
}

// Conv is a prepared convolution.
//
//	x, dx: N H W C     y, dy: N outH outW O
//	w, dw: O C/groups kH kW     b, db: O, nil without bias
//
// dy is the gradient before the ReLU: see [Elementwise.ReLUBackward].
type Conv[T Float] interface {
	Forward(y, x, w, b []T)
	BackwardData(dx, dy, w []T)
	BackwardWeights(dw, db, x, dy []T)
}

// DenseShape describes a fully connected layer.
type DenseShape struct {
	N, In, Out     int
	Bias, ReLU     bool
	Inference      bool // as in ConvShape
	NoBackwardData bool // as in ConvShape
}

// Dense is a prepared fully connected layer, y = x*wT + b.
//
//	x, dx: N in     y, dy: N out     w, dw: out in     b, db: out or nil
//
// dy is the gradient before the ReLU.
type Dense[T Float] interface {
	Forward(y, x, w, b []T)
	BackwardData(dx, dy, w []T)
	BackwardWeights(dw, db, x, dy []T)
}

// BatchNormShape describes batch normalisation over N, H and W of each channel.
type BatchNormShape struct {
	In       ImageShape // H = W = 1 for vectors
	Epsilon  float64
	Momentum float64 // weight of the old running statistic, Keras' momentum
	// InputReLU says that the input is the result of a ReLU, and that Backward
	// returns the gradient before that ReLU: dx is 0 where x is 0.
	InputReLU bool
	// ReLU says that Train and Frozen end in max(y, 0), cut at Max when that is over 0.
	// The dy of the backward passes is the gradient after it.
	ReLU bool
	Max  float64
}

// BatchNorm is a prepared batch normalisation. Variances are biased (divided by
// N*H*W), also in the running statistic, as in Keras 3. PyTorch's is unbiased, and so
// is that of tf.keras where it fuses, as it does for images: n/(n-1) times as much.
//
//	x, y, dx, dy: N H W C     all others: C
type BatchNorm[T Float] interface {
	// Train normalises by the mean and variance of the batch, keeps them for
	// Backward, and moves runMean and runVar towards them.
	Train(y, x, gamma, beta, runMean, runVar []T)
	// Frozen normalises by the running statistics.
	Frozen(y, x, gamma, beta, runMean, runVar []T)
	// Backward follows Train.
	Backward(dx, dgamma, dbeta, dy, x, gamma []T)
	// FrozenBackward follows Frozen.
	FrozenBackward(dx, dgamma, dbeta, dy, x, gamma, runMean, runVar []T)
}

// PoolShape describes a pool.
type PoolShape struct {
	In ImageShape
	Window
	Inference bool // prepares Forward only
	// InputReLU (max-pool): as in BatchNormShape.
	InputReLU bool
}

// Out is the shape of the result.
func (s PoolShape) Out() ImageShape {
	oh, ow := s.Window.Out(s.In.H, s.In.W)
	return ImageShape{s.In.N, oh, ow, s.In.C}
}

// MaxPool is a prepared max-pool. The first of equal values wins, by rows; a
// NaN wins over every number. Padding never wins.
type MaxPool[T Float] interface {
	// Forward remembers the place of each maximum, for Backward.
	Forward(y, x []T)
	// Backward follows Forward; y is the result of that Forward.
	Backward(dx, dy, y []T)
}

// NormPoolShape describes a batch normalisation whose result only a max-pool
// reads. The window is over its In.
type NormPoolShape struct {
	BatchNormShape
	Window
}

// Out is the shape of the result.
func (s NormPoolShape) Out() ImageShape { return PoolShape{In: s.In, Window: s.Window}.Out() }

// NormPooler is an Engine that normalises and pools in one pass, which reads and
// writes large activations half as often.
type NormPooler[T Float] interface {
	NormPool(NormPoolShape) (NormPool[T], error)
}

// Yielder is an Engine with a choice of how its threads wait for work. At first they keep
// their cores for a while, so that they begin at once; with Yield they leave them, which is
// faster where other programs want cores too: a thread that is waited for may be one that
// does not run. Results are the same. After an error the threads wait as before; asking for what is so
// already costs nothing.
type Yielder interface {
	Yield(on bool) error
}

// NormPool is [BatchNorm] by the batch's statistics and [MaxPool] of its result.
//
//	x, dx: N H W C     y, dy: N outH outW C     all others: C
type NormPool[T Float] interface {
	Train(y, x, gamma, beta, runMean, runVar []T)
	// Backward follows Train.
	Backward(dx, dgamma, dbeta, dy, x, gamma []T)
}

// AvgPool is a prepared average pool; padding does not count towards the mean.
type AvgPool[T Float] interface {
	Forward(y, x []T)
	Backward(dx, dy []T)
}

// Elementwise has the layers that need no preparation.
type Elementwise[T Float] interface {
	// ReLU is max(x, 0), cut at max when max > 0. y may be x.
	ReLU(y, x []T, max T)
	// ReLUBackward is dx = dy where y is over 0 (and under max when max > 0), else
	// 0. y is the result of ReLU. dx may be dy.
	ReLUBackward(dx, dy, y []T, max T)
	// Rescale is y = x*scale + offset. y may be x.
	Rescale(y, x []T, scale, offset T)
	// FromBytes is y = float(x), for images from the loader.
	FromBytes(y []T, x []uint8)
	// Add is y = a + b. y may be a or b.
	Add(y, a, b []T)
	// Concat joins inputs of rows x channels[i] values into rows x sum(channels).
	Concat(y []T, x [][]T, rows int, channels []int)
	// Split is the gradient of Concat: it cuts dy into dx, but for parts that are
	// nil.
	Split(dx [][]T, dy []T, rows int, channels []int)
	// ToNCHW reorders N H W C to N C H W (Flatten); ToNHWC goes back.
	ToNCHW(y, x []T, s ImageShape)
	ToNHWC(y, x []T, s ImageShape)
	// Dropout sets a share rate of values to 0 and divides the others by 1-rate.
	// Whether value i is kept depends on seed and i alone, see [DropoutMask], not on
	// the number of threads. Called with dy it is its own gradient. y may be x.
	Dropout(y, x []T, rate float64, seed uint64)
	// Softmax over rows of k values. y may be x.
	Softmax(y, x []T, k int)
}
