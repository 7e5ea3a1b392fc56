//go:build onednn

// The optimizers' loops: optim.Vector. Each reads and writes its slices once.
#include <cmath>

#include "onednn_engine.h"
#include "onednn_loops.h"

// No errno from sqrt: it would keep the loops scalar.
#pragma GCC optimize("no-math-errno")

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

CLONES static void adam(float *__restrict w, float *__restrict m, float *__restrict v,
                        const float *__restrict g, size_t n, onednn_adam_step s) {
  for (size_t i = 0; i < n; i++) {
    const float d = g[i];
    const float m1 = m[i] + s.new_m * (d - m[i]);
    const float v1 = v[i] + s.new_v * (d * d - v[i]);
    m[i] = m1;
    v[i] = v1;
    w[i] = w[i] * s.keep - s.rate * m1 / (std::sqrt(v1) + s.epsilon);
  }
}

CLONES static void rmsprop(float *__restrict w, float *__restrict v, const float *__restrict g,
                           size_t n, float lr, float new_v, float epsilon) {
  for (size_t i = 0; i < n; i++) {
    const float d = g[i];
    v[i] += new_v * (d * d - v[i]);
    w[i] -= lr * d / (std::sqrt(v[i]) + epsilon);
  }
}

CLONES static void adagrad(float *__restrict w, float *__restrict v, const float *__restrict g,
                           size_t n, float lr, float epsilon) {
  for (size_t i = 0; i < n; i++) {
    const float d = g[i];
    v[i] += d * d;
    w[i] -= lr * d / (std::sqrt(v[i]) + epsilon);
  }
}

CLONES static void adadelta(float *__restrict w, float *__restrict v, float *__restrict u,
                            const float *__restrict g, size_t n, float lr, float new_v,
                            float epsilon) {
  for (size_t i = 0; i < n; i++) {
    v[i] += new_v * (g[i] * g[i] - v[i]);
    const float d = g[i] * std::sqrt(u[i] + epsilon) / std::sqrt(v[i] + epsilon);
    u[i] += new_v * (d * d - u[i]);
    w[i] -= lr * d;
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
