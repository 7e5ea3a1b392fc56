//go:build onednn

// Batch normalisation on rows of channels. Training is two passes over x: sums,
// then the result; backward is two over x and dy.
#include <cmath>
#include <vector>

#include "onednn_engine.h"
#include "onednn_loops.h"
#include "onednn_vector.h"

#if defined(__x86_64__)
namespace avx512 {
BEGIN_TARGET("avx512f,avx512vl,avx512bw,avx512dq,fma")
#define LANES 16
#include "onednn_norm_loops.h"
#undef LANES
END_TARGET
}  // namespace avx512

namespace avx2 {
BEGIN_TARGET("avx2,fma")
#define LANES 8
#include "onednn_norm_loops.h"
#undef LANES
END_TARGET
}  // namespace avx2
#endif

namespace baseline {
#define LANES 4
#include "onednn_norm_loops.h"
#undef LANES
}  // namespace baseline

// Values that are summed in float32 before they go to the float64 totals: half of
// the first cache.
static const size_t run_values = 4096;

struct onednn_norm : Layer {
  onednn_norm(onednn_engine &e, onednn_norm_shape shape)
      : Layer(e), s(shape), mean(s.c), inverse(s.c), scale(s.c), shift(s.c), slope(s.c),
        sums(size_t(2) * s.c * e.threads), totals(size_t(2) * s.c),
        floats(size_t(2) * s.c * e.threads) {}

  onednn_norm_shape s;
  // Of the last batch: its mean and 1/sqrt(variance+epsilon).
  std::vector<float> mean, inverse;
  std::vector<float> scale, shift, slope;  // of the pass that runs
  std::vector<double> sums, totals;        // two a channel, by thread; together
  std::vector<float> floats;               // two a channel, by thread

  // total adds up what f(row, rows, sums) writes for parts of the rows, in the order
  // of the threads.
  template <class F>
  void total(const F &f) {
    std::fill(sums.begin(), sums.end(), 0.0);
    const size_t c2 = size_t(2) * s.c;
    parallel(s.rows, 1, small / (s.c + 1), [&](size_t begin, size_t end) {
      const size_t t = omp_get_thread_num();
      double *part = &sums[t * c2];
      float *few = &floats[t * c2];
      const size_t run = std::max(size_t(8), run_values / s.c);
      for (size_t i = begin; i < end; i += run) {
        f(i, std::min(run, end - i), few);
        for (size_t c = 0; c < c2; c++) part[c] += few[c];
      }
    });
    std::fill(totals.begin(), totals.end(), 0.0);
    for (size_t i = 0; i < sums.size(); i++) totals[i % c2] += sums[i];
  }

  // apply is y = x*scale + shift.
  void apply(float *y, const float *x) const {
    const bool streamed = s.c % 16 == 0 && streams(y, s.rows * s.c);
    parallel(s.rows, 1, small / (s.c + 1), [&](size_t begin, size_t end) {
      const size_t at = begin * s.c;
      TARGETS(affine(y + at, x + at, scale.data(), shift.data(), end - begin, s.c, streamed));
    });
  }
};

static void train(onednn_norm &l, float *y, const float *x, const float *gamma,
                  const float *beta, float *run_mean, float *run_var) {
  const int channels = l.s.c;
  const float *origin = x;  // the first pixel
  l.total([&](size_t i, size_t rows, float *sums) {
    TARGETS(moments(sums, x + i * channels, origin, rows, channels));
  });
  const double m = l.s.rows, keep = l.s.momentum;
  for (int c = 0; c < channels; c++) {
    const double offset = l.totals[c] / m;
    const double mean = origin[c] + offset;
    // Not max(…, 0) by std::max: a NaN stays one.
    double var = l.totals[channels + c] / m - offset * offset;
    if (var < 0) var = 0;
    const double inverse = 1 / std::sqrt(var + l.s.epsilon);
    l.mean[c] = float(mean);
    l.inverse[c] = float(inverse);
    l.scale[c] = float(gamma[c] * inverse);
    l.shift[c] = float(beta[c] - mean * gamma[c] * inverse);
    run_mean[c] = float(keep * run_mean[c] + (1 - keep) * mean);
    run_var[c] = float(keep * run_var[c] + (1 - keep) * var);
  }
  l.apply(y, x);
}

static void frozen(onednn_norm &l, float *y, const float *x, const float *gamma,
                   const float *beta, const float *run_mean, const float *run_var) {
  for (int c = 0; c < l.s.c; c++) {
    const double inverse = 1 / std::sqrt(double(run_var[c]) + l.s.epsilon);
    l.scale[c] = float(gamma[c] * inverse);
    l.shift[c] = float(beta[c] - run_mean[c] * gamma[c] * inverse);
  }
  l.apply(y, x);
}

// backward, with the statistics of the batch (which depend on x) or given ones
// (which do not).
static void backward(onednn_norm &l, float *dx, float *dgamma, float *dbeta, const float *dy,
                     const float *x, const float *gamma, const float *mean,
                     const float *inverse, bool of_batch) {
  const int channels = l.s.c;
  l.total([&](size_t i, size_t rows, float *sums) {
    const size_t at = i * channels;
    TARGETS(gradient_sums(sums, dy + at, x + at, mean, rows, channels));
  });
  const double m = l.s.rows;
  for (int c = 0; c < channels; c++) {
    const double sum = l.totals[c], product = l.totals[channels + c] * inverse[c];
    if (dbeta) dbeta[c] = float(sum);
    if (dgamma) dgamma[c] = float(product);
    const double scale = double(gamma[c]) * inverse[c];
    const double slope = of_batch ? -scale * product / m * inverse[c] : 0;
    l.scale[c] = float(scale);
    l.slope[c] = float(slope);
    l.shift[c] = of_batch ? float(-scale * sum / m - slope * mean[c]) : 0;
  }
  if (!dx) return;
  const bool streamed = channels % 16 == 0 && streams(dx, l.s.rows * channels);
  parallel(l.s.rows, 1, small / (channels + 1), [&](size_t begin, size_t end) {
    const size_t at = begin * channels;
    TARGETS(gradient(dx + at, dy + at, x + at, l.scale.data(), l.slope.data(), l.shift.data(),
                     l.s.input_relu, end - begin, channels, streamed));
  });
}

const char *onednn_norm_new(onednn_engine *e, onednn_norm_shape s, onednn_norm **out) {
  return e->add(s, out);
}

const char *onednn_norm_train(onednn_norm *l, float *y, const float *x, const float *gamma,
                              const float *beta, float *run_mean, float *run_var) {
  return l->engine.call([=] { train(*l, y, x, gamma, beta, run_mean, run_var); });
}

const char *onednn_norm_frozen(onednn_norm *l, float *y, const float *x, const float *gamma,
                               const float *beta, const float *run_mean, const float *run_var) {
  return l->engine.call([=] { frozen(*l, y, x, gamma, beta, run_mean, run_var); });
}

const char *onednn_norm_backward(onednn_norm *l, float *dx, float *dgamma, float *dbeta,
                                 const float *dy, const float *x, const float *gamma) {
  return l->engine.call([=] {
    backward(*l, dx, dgamma, dbeta, dy, x, gamma, l->mean.data(), l->inverse.data(), true);
  });
}

const char *onednn_norm_frozen_backward(onednn_norm *l, float *dx, float *dgamma, float *dbeta,
                                        const float *dy, const float *x, const float *gamma,
                                        const float *run_mean, const float *run_var) {
  return l->engine.call([=] {
    for (int c = 0; c < l->s.c; c++)
      l->inverse[c] = float(1 / std::sqrt(double(run_var[c]) + l->s.epsilon));
    backward(*l, dx, dgamma, dbeta, dy, x, gamma, run_mean, l->inverse.data(), false);
  });
}
