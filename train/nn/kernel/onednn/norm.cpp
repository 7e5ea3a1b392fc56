//go:build onednn

// Batch normalisation on rows of channels. Training is two passes over x: sums,
// then the result; backward is two over x and dy.
#include "norm.h"

#include <cmath>

#define LOOPS "norm_loops.h"
#include "targets.h"

// Values that are summed in float32 before they go to the float64 totals: half of
// the first cache.
static const size_t run_values = 4096;

// total adds up what f(row, rows, sums) writes for parts of the rows, in the order of
// the threads.
template <class F>
void onednn_norm::total(size_t rows, const F &f) {
  const size_t c2 = size_t(2) * s.c;
  std::fill(sums.begin(), sums.end(), 0.0);
  parallel(rows, 1, small / (s.c + 1), [&](size_t begin, size_t end) {
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

void onednn_norm::of_batch(const float *x, const float *gamma, const float *beta,
                           float *run_mean, float *run_var) {
  const int channels = s.c;
  const float *origin = x;  // the first pixel
  total(s.rows, [&](size_t i, size_t rows, float *sums) {
    TARGETS(moments(sums, x + i * channels, origin, rows, channels));
  });
  const double m = s.rows, keep = s.momentum;
  for (int c = 0; c < channels; c++) {
    const double offset = totals[c] / m;
    const double average = origin[c] + offset;
    // Not max(…, 0) by std::max: a NaN stays one.
    double var = totals[channels + c] / m - offset * offset;
    if (var < 0) var = 0;
    const double factor = 1 / std::sqrt(var + s.epsilon);
    mean[c] = float(average);
    inverse[c] = float(factor);
    scale[c] = float(gamma[c] * factor);
    shift[c] = float(beta[c] - average * gamma[c] * factor);
    run_mean[c] = float(keep * run_mean[c] + (1 - keep) * average);
    run_var[c] = float(keep * run_var[c] + (1 - keep) * var);
  }
}

void onednn_norm::gradients(float *dgamma, float *dbeta, const float *dy, const float *x,
                            size_t rows, const float *gamma, const float *mean,
                            const float *inverse, bool of_batch) {
  const int channels = s.c;
  total(rows, [&](size_t i, size_t rows, float *sums) {
    const size_t at = i * channels;
    if (s.relu) {
      TARGETS(gradient_sums<true>(sums, dy + at, x + at, mean, gate(), rows, channels));
    } else {
      TARGETS(gradient_sums<false>(sums, dy + at, x + at, mean, gate(), rows, channels));
    }
  });
  const double m = s.rows;
  for (int c = 0; c < channels; c++) {
    const double sum = totals[c], product = totals[channels + c] * inverse[c];
    if (dbeta) dbeta[c] = float(sum);
    if (dgamma) dgamma[c] = float(product);
    const double factor = double(gamma[c]) * inverse[c];
    const double by_x = of_batch ? -factor * product / m * inverse[c] : 0;
    scale[c] = float(factor);
    slope[c] = float(by_x);
    shift[c] = of_batch ? float(-factor * sum / m - by_x * mean[c]) : 0;
  }
}

// apply is y = x*scale + shift, and the ReLU.
static void apply(onednn_norm &l, float *y, const float *x) {
  const int channels = l.s.c;
  if (l.s.relu) {
    l.gate_scale = l.scale;
    l.gate_shift = l.shift;
  }
  const bool streamed = channels % 16 == 0 && streams(y, l.s.rows * channels);
  parallel(l.s.rows, 1, small / (channels + 1), [&](size_t begin, size_t end) {
    const size_t at = begin * channels;
    if (l.s.relu) {
      TARGETS(affine<true>(y + at, x + at, l.scale.data(), l.shift.data(), l.gate().top,
                           end - begin, channels, streamed));
    } else {
      TARGETS(affine<false>(y + at, x + at, l.scale.data(), l.shift.data(), 0, end - begin,
                            channels, streamed));
    }
  });
}

static void backward(onednn_norm &l, float *dx, float *dgamma, float *dbeta, const float *dy,
                     const float *x, const float *gamma, const float *mean,
                     const float *inverse, bool of_batch) {
  l.gradients(dgamma, dbeta, dy, x, l.s.rows, gamma, mean, inverse, of_batch);
  if (!dx) return;
  const int channels = l.s.c;
  const bool streamed = channels % 16 == 0 && streams(dx, l.s.rows * channels);
  parallel(l.s.rows, 1, small / (channels + 1), [&](size_t begin, size_t end) {
    const size_t at = begin * channels;
    if (l.s.relu) {
      TARGETS(gradient<true>(dx + at, dy + at, x + at, l.scale.data(), l.slope.data(),
                             l.shift.data(), l.gate(), l.s.input_relu, end - begin, channels,
                             streamed));
    } else {
      TARGETS(gradient<false>(dx + at, dy + at, x + at, l.scale.data(), l.slope.data(),
                              l.shift.data(), l.gate(), l.s.input_relu, end - begin, channels,
                              streamed));
    }
  });
}

const char *onednn_norm_new(onednn_engine *e, onednn_norm_shape s, onednn_norm **out) {
  return e->add(s, out);
}

const char *onednn_norm_train(onednn_norm *l, float *y, const float *x, const float *gamma,
                              const float *beta, float *run_mean, float *run_var) {
  return l->engine.call([=] {
    l->of_batch(x, gamma, beta, run_mean, run_var);
    apply(*l, y, x);
  });
}

const char *onednn_norm_frozen(onednn_norm *l, float *y, const float *x, const float *gamma,
                               const float *beta, const float *run_mean, const float *run_var) {
  return l->engine.call([=] {
    for (int c = 0; c < l->s.c; c++) {
      const double inverse = 1 / std::sqrt(double(run_var[c]) + l->s.epsilon);
      l->scale[c] = float(gamma[c] * inverse);
      l->shift[c] = float(beta[c] - run_mean[c] * gamma[c] * inverse);
    }
    apply(*l, y, x);
  });
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
