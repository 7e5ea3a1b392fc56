//go:build onednn

// The fast paths of package optim. Each reads and writes its slices once.
#include <cmath>

#include "vector.h"
#include "engine.h"
#include "loops.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

// How many roots are taken together. The compiler does not vectorise a loop with sqrt,
// because of errno; so the rules below put their variances into a buffer of this
// size and take the roots with a vector instruction.
static const size_t few = 256;

#if defined(__x86_64__)
AVX512 static void roots_avx512(float *x) {
  for (size_t i = 0; i < few; i += 16)
    _mm512_storeu_ps(x + i, _mm512_sqrt_ps(_mm512_loadu_ps(x + i)));
}

static void roots(float *x) {
  static const bool avx512 = has_avx512();
  if (avx512) return roots_avx512(x);
  for (size_t i = 0; i < few; i += 4) _mm_storeu_ps(x + i, _mm_sqrt_ps(_mm_loadu_ps(x + i)));
}
#else
static void roots(float *x) {
  for (size_t i = 0; i < few; i++) x[i] = std::sqrt(x[i]);
}
#endif

CLONES static void sgd(float *__restrict w, const float *__restrict g, size_t n, float lr) {
  for (size_t i = 0; i < n; i++) w[i] -= lr * g[i];
}

CLONES static void momentum(float *__restrict w, float *__restrict v, const float *__restrict g,
                            size_t n, float lr, float m, bool nesterov) {
  if (nesterov) {
    for (size_t i = 0; i < n; i++) {
      v[i] = m * v[i] - lr * g[i];
      w[i] += m * v[i] - lr * g[i];
    }
    return;
  }
  for (size_t i = 0; i < n; i++) {
    v[i] = m * v[i] - lr * g[i];
    w[i] += v[i];
  }
}

CLONES static void adam_moments(float *__restrict root, float *__restrict m, float *__restrict v,
                                const float *__restrict g, size_t n, onednn_adam_step s) {
  for (size_t i = 0; i < n; i++) {
    m[i] += s.new_m * (g[i] - m[i]);
    root[i] = v[i] += s.new_v * (g[i] * g[i] - v[i]);
  }
}

CLONES static void adam_update(float *__restrict w, const float *__restrict m,
                               const float *__restrict root, size_t n, onednn_adam_step s) {
  for (size_t i = 0; i < n; i++) w[i] = w[i] * s.keep - s.rate * m[i] / (root[i] + s.epsilon);
}

static void adam(float *w, float *m, float *v, const float *g, size_t n, onednn_adam_step s) {
  float root[few] = {};
  for (size_t i = 0; i < n; i += few) {
    const size_t k = std::min(few, n - i);
    adam_moments(root, m + i, v + i, g + i, k, s);
    roots(root);
    adam_update(w + i, m + i, root, k, s);
  }
}

CLONES static void rms_moments(float *__restrict root, float *__restrict v,
                               const float *__restrict g, size_t n, float new_v) {
  for (size_t i = 0; i < n; i++) root[i] = v[i] += new_v * (g[i] * g[i] - v[i]);
}

CLONES static void adagrad_moments(float *__restrict root, float *__restrict v,
                                   const float *__restrict g, size_t n) {
  for (size_t i = 0; i < n; i++) root[i] = v[i] += g[i] * g[i];
}

CLONES static void rms_update(float *__restrict w, const float *__restrict g,
                              const float *__restrict root, size_t n, float lr, float epsilon) {
  for (size_t i = 0; i < n; i++) w[i] -= lr * g[i] / (root[i] + epsilon);
}

static void rmsprop(float *w, float *v, const float *g, size_t n, float lr, float new_v,
                    float epsilon) {
  float root[few] = {};
  for (size_t i = 0; i < n; i += few) {
    const size_t k = std::min(few, n - i);
    rms_moments(root, v + i, g + i, k, new_v);
    roots(root);
    rms_update(w + i, g + i, root, k, lr, epsilon);
  }
}

static void adagrad(float *w, float *v, const float *g, size_t n, float lr, float epsilon) {
  float root[few] = {};
  for (size_t i = 0; i < n; i += few) {
    const size_t k = std::min(few, n - i);
    adagrad_moments(root, v + i, g + i, k);
    roots(root);
    rms_update(w + i, g + i, root, k, lr, epsilon);
  }
}

// adadelta_moments leaves the step's square in root.
CLONES static void adadelta_moments(float *__restrict root, float *__restrict v,
                                    const float *__restrict u, const float *__restrict g,
                                    size_t n, float new_v, float epsilon) {
  for (size_t i = 0; i < n; i++) {
    v[i] += new_v * (g[i] * g[i] - v[i]);
    root[i] = (u[i] + epsilon) / (v[i] + epsilon);
  }
}

CLONES static void adadelta_update(float *__restrict w, float *__restrict u,
                                   const float *__restrict g, const float *__restrict root,
                                   size_t n, float lr, float new_v) {
  for (size_t i = 0; i < n; i++) {
    const float d = g[i] * root[i];
    u[i] += new_v * (d * d - u[i]);
    w[i] -= lr * d;
  }
}

static void adadelta(float *w, float *v, float *u, const float *g, size_t n, float lr,
                     float new_v, float epsilon) {
  float root[few] = {};
  for (size_t i = 0; i < n; i += few) {
    const size_t k = std::min(few, n - i);
    adadelta_moments(root, v + i, u + i, g + i, k, new_v, epsilon);
    roots(root);
    adadelta_update(w + i, u + i, g + i, root, k, lr, new_v);
  }
}

CLONES static void scale(float *x, size_t n, float s) {
  for (size_t i = 0; i < n; i++) x[i] *= s;
}

CLONES static void ema(float *__restrict average, const float *__restrict w, size_t n,
                       float new_w) {
  for (size_t i = 0; i < n; i++) average[i] += new_w * (w[i] - average[i]);
}

// Sum of squares in sixteen lanes of float64.
CLONES static double sum_squares(const float *x, size_t n) {
  double lanes[16] = {};
  size_t i = 0;
  for (; i + 16 <= n; i += 16)
    for (int j = 0; j < 16; j++) lanes[j] += double(x[i + j]) * x[i + j];
  for (; i < n; i++) lanes[i % 16] += double(x[i]) * x[i];
  double sum = 0;
  for (double lane : lanes) sum += lane;
  return sum;
}

const char *onednn_sgd(onednn_engine *e, float *w, const float *g, size_t n, float lr) {
  return e->call([=] {
    parallel(n, 16, small, [=](size_t i, size_t end) { sgd(w + i, g + i, end - i, lr); });
  });
}

const char *onednn_momentum(onednn_engine *e, float *w, float *v, const float *g, size_t n,
                            float lr, float m, int nesterov) {
  return e->call([=] {
    parallel(n, 16, small, [=](size_t i, size_t end) {
      momentum(w + i, v + i, g + i, end - i, lr, m, nesterov);
    });
  });
}

const char *onednn_adam(onednn_engine *e, float *w, float *m, float *v, const float *g, size_t n,
                        onednn_adam_step s) {
  return e->call([=] {
    parallel(n, 16, small,
             [=](size_t i, size_t end) { adam(w + i, m + i, v + i, g + i, end - i, s); });
  });
}

const char *onednn_rmsprop(onednn_engine *e, float *w, float *v, const float *g, size_t n,
                           float lr, float new_v, float epsilon) {
  return e->call([=] {
    parallel(n, 16, small, [=](size_t i, size_t end) {
      rmsprop(w + i, v + i, g + i, end - i, lr, new_v, epsilon);
    });
  });
}

const char *onednn_adagrad(onednn_engine *e, float *w, float *v, const float *g, size_t n,
                           float lr, float epsilon) {
  return e->call([=] {
    parallel(n, 16, small, [=](size_t i, size_t end) {
      adagrad(w + i, v + i, g + i, end - i, lr, epsilon);
    });
  });
}

const char *onednn_adadelta(onednn_engine *e, float *w, float *v, float *u, const float *g,
                            size_t n, float lr, float new_v, float epsilon) {
  return e->call([=] {
    parallel(n, 16, small, [=](size_t i, size_t end) {
      adadelta(w + i, v + i, u + i, g + i, end - i, lr, new_v, epsilon);
    });
  });
}

const char *onednn_scale(onednn_engine *e, float *x, size_t n, float s) {
  return e->call(
      [=] { parallel(n, 16, small, [=](size_t i, size_t end) { scale(x + i, end - i, s); }); });
}

const char *onednn_ema(onednn_engine *e, float *average, const float *w, size_t n, float new_w) {
  return e->call([=] {
    parallel(n, 16, small,
             [=](size_t i, size_t end) { ema(average + i, w + i, end - i, new_w); });
  });
}

const char *onednn_sum_squares(onednn_engine *e, const float *x, size_t n, double *out) {
  return e->call([=] {
    // Parts of one size, whatever the number of threads, added in their order.
    const size_t part = 1 << 16, parts = (n + part - 1) / part;
    e->reserve(parts * sizeof(double));
    double *sums = reinterpret_cast<double *>(e->area);
    parallel(parts, 1, 2, [=](size_t i, size_t end) {
      for (; i < end; i++) sums[i] = sum_squares(x + i * part, std::min(part, n - i * part));
    });
    double sum = 0;
    for (size_t i = 0; i < parts; i++) sum += sums[i];
    *out = sum;
  });
}
