package optim

// Vector is the arithmetic of the optimizers: loops over slices of equal length
// that read and write each value once. [NewVector] is the plain Go one; a kernel
// library may bring a faster one that agrees with it to rounding.
//
// In every method w are the weights and g their gradient, which is only read;
// the other slices are accumulators, updated in place. The same slices give the
// same bits each time, whatever ran before.
type Vector interface {
	// SGD: w -= lr*g.
	SGD(w, g []float32, lr float32)
	// Momentum: v = momentum*v - lr*g, then w += v, or with nesterov
	// w += momentum*v - lr*g.
	Momentum(w, v, g []float32, lr, momentum float32, nesterov bool)
	// Adam: m += NewM*(g-m); v += NewV*(g*g-v);
	// w = w*Keep - Rate*m/(sqrt(v)+Epsilon).
	Adam(w, m, v, g []float32, s AdamStep)
	// RMSprop: v += newV*(g*g-v); w -= lr*g/(sqrt(v)+epsilon).
	RMSprop(w, v, g []float32, lr, newV, epsilon float32)
	// Adagrad: v += g*g; w -= lr*g/(sqrt(v)+epsilon).
	Adagrad(w, v, g []float32, lr, epsilon float32)
	// Adadelta: v += newV*(g*g-v); d = g*sqrt(u+epsilon)/sqrt(v+epsilon);
	// u += newV*(d*d-u); w -= lr*d.
	Adadelta(w, v, u, g []float32, lr, newV, epsilon float32)

	// SumSquares is the sum of x*x, in float64; the order of the additions does
	// not depend on the number of threads.
	SumSquares(x []float32) float64
	// Scale: x *= s.
	Scale(x []float32, s float32)
	// EMA: average += newW*(w-average).
	EMA(average, w []float32, newW float32)
}

// AdamStep are the numbers of one step of Adam or AdamW. Like newV and newW
// above, NewM and NewV are the shares of the new value, 1-beta: float32 holds
// 0.001 to seven digits, but 1-0.999 in float32 only to four.
type AdamStep struct {
	Rate       float32 // lr*sqrt(1-beta2^t)/(1-beta1^t)
	NewM, NewV float32 // 1-beta1, 1-beta2
	Epsilon    float32
	Keep       float32 // 1 - lr*decay for AdamW, 1 for Adam
}
