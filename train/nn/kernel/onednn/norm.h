//go:build onednn

// Batch normalisation, for the layer that only normalises and for the one that also
// pools.
#ifndef FLOWERCTL_ONEDNN_NORM_H
#define FLOWERCTL_ONEDNN_NORM_H

#include <algorithm>
#include <cmath>
#include <vector>

#include "engine.h"
#include "loops.h"

// Gate is the ReLU after the normalisation: what it lets through is over 0 and under top
// as x*scale + shift.
struct Gate {
  const float *scale, *shift;  // nullptr for no ReLU
  float top;
};

struct onednn_norm : Layer {
  onednn_norm(onednn_engine &e, onednn_norm_shape shape)
      : Layer(e), s(shape), mean(s.c), inverse(s.c), scale(s.c), shift(s.c), slope(s.c),
        gate_scale(s.relu ? s.c : 0), gate_shift(s.relu ? s.c : 0),
        sums(size_t(2) * s.c * e.threads), totals(size_t(2) * s.c),
        floats(size_t(2) * s.c * e.threads) {}

  // of_batch finds the batch's mean and variance and moves the running ones. The
  // result is then x*scale + shift.
  void of_batch(const float *x, const float *gamma, const float *beta, float *run_mean,
                float *run_var);

  // gradients finds dgamma and dbeta from dy and the x that each value came from, of
  // some rows of the batch; the gradient of the others is 0. With statistics of the
  // batch, which depend on x, the gradient of x is then dy*scale + x*slope + shift.
  void gradients(float *dgamma, float *dbeta, const float *dy, const float *x, size_t rows,
                 const float *gamma, const float *mean, const float *inverse, bool of_batch);

  Gate gate() const {
    if (!s.relu) return {nullptr, nullptr, 0};
    return {gate_scale.data(), gate_shift.data(), s.max > 0 ? s.max : INFINITY};
  }

  onednn_norm_shape s;
  // Of the last batch: its mean and 1/sqrt(variance+epsilon).
  std::vector<float> mean, inverse;
  std::vector<float> scale, shift, slope;     // of the pass that runs
  std::vector<float> gate_scale, gate_shift;  // of the last forward pass, with a ReLU
  std::vector<double> sums, totals;        // two a channel, by thread; together
  std::vector<float> floats;               // two a channel, by thread

 private:
  template <class F>
  void total(size_t rows, const F &f);
};

#endif
