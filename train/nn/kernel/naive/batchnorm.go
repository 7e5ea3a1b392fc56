package naive

import (
	"math"

	"github.com/flowerctl/flowerctl/train/nn/kernel"
)

// batchMoments computes the mean and the biased variance of each channel of x.
//
//	x: (N, H, W, C)   mean, variance: (C)
func batchMoments[T kernel.Float](mean, variance []float64, x []T) {
	C := len(mean)
	rows := float64(len(x) / C)
	clear(mean)
	clear(variance)
	for i, v := range x {
		mean[i%C] += float64(v) / rows
	}
	for i, v := range x {
		d := float64(v) - mean[i%C]
		variance[i%C] += d * d / rows
	}
}

// normForward is y = gamma*(x-mean)/sqrt(variance+epsilon) + beta, by channel.
func normForward[T kernel.Float](y, x, gamma, beta []T, mean, variance []float64, epsilon float64) {
	C := len(mean)
	for i, v := range x {
		c := i % C
		y[i] = T(float64(gamma[c])*(float64(v)-mean[c])/math.Sqrt(variance[c]+epsilon) + float64(beta[c]))
	}
}

// normBackward is the gradient of normForward where mean and variance are
// constants. Results that are nil are left out.
func normBackward[T kernel.Float](dx, dgamma, dbeta, dy, x, gamma []T,
	mean, variance []float64, epsilon float64) {

	C := len(mean)
	dG, dB := make([]float64, C), make([]float64, C)
	for i, d := range dy {
		c := i % C
		inv := 1 / math.Sqrt(variance[c]+epsilon)
		dG[c] += float64(d) * (float64(x[i]) - mean[c]) * inv
		dB[c] += float64(d)
		if dx != nil {
			dx[i] = T(float64(d) * float64(gamma[c]) * inv)
		}
	}
	store(dgamma, dG)
	store(dbeta, dB)
}

// addMomentGradients adds to dx what comes through the mean and the variance of
// the batch: the chain rule as Ioffe and Szegedy wrote it (Batch Normalization,
// 2015, section 3).
func addMomentGradients[T kernel.Float](dx, dy, x, gamma []T, mean, variance []float64,
	epsilon float64) {

	C := len(mean)
	rows := float64(len(x) / C)
	dVariance, dMean := make([]float64, C), make([]float64, C)
	for i, v := range x {
		c := i % C
		inv := 1 / math.Sqrt(variance[c]+epsilon)
		dNormal := float64(dy[i]) * float64(gamma[c])
		dVariance[c] += dNormal * (float64(v) - mean[c]) * -0.5 * inv * inv * inv
		dMean[c] -= dNormal * inv
	}
	for i := range dx {
		c := i % C
		dx[i] += T(dVariance[c]*2*(float64(x[i])-mean[c])/rows + dMean[c]/rows)
	}
}
