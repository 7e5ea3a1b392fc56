//go:build onednn

// Element-wise and copying layers: one pass over memory each.
#include "loops.h"

#include <cmath>
#include <cstring>

#include "engine.h"

CLONES static void relu(float *y, const float *x, size_t n, float max) {
  // Written so that a NaN stays one.
  if (max > 0) {
    for (size_t i = 0; i < n; i++) {
      const float v = x[i] < 0 ? 0 : x[i];
      y[i] = v > max ? max : v;
    }
    return;
  }
  for (size_t i = 0; i < n; i++) y[i] = x[i] < 0 ? 0 : x[i];
}

CLONES static void relu_backward(float *dx, const float *dy, const float *y, size_t n,
                                 float max) {
  const float top = max > 0 ? max : INFINITY;
  if (max > 0) {
    for (size_t i = 0; i < n; i++) dx[i] = (y[i] > 0) & (y[i] < top) ? dy[i] : 0;
    return;
  }
  for (size_t i = 0; i < n; i++) dx[i] = y[i] > 0 ? dy[i] : 0;
}

CLONES static void rescale(float *y, const float *x, size_t n, float scale, float offset) {
  for (size_t i = 0; i < n; i++) y[i] = x[i] * scale + offset;
}

CLONES static void from_bytes(float *y, const uint8_t *x, size_t n) {
  for (size_t i = 0; i < n; i++) y[i] = x[i];
}

CLONES static void add(float *y, const float *a, const float *b, size_t n) {
  for (size_t i = 0; i < n; i++) y[i] = a[i] + b[i];
}

const char *onednn_relu(onednn_engine *e, float *y, const float *x, size_t n, float max) {
  return e->call([=] {
    parallel(n, 16, small, [=](size_t i, size_t end) { relu(y + i, x + i, end - i, max); });
  });
}

const char *onednn_relu_backward(onednn_engine *e, float *dx, const float *dy, const float *y,
                                 size_t n, float max) {
  return e->call([=] {
    parallel(n, 16, small, [=](size_t i, size_t end) {
      relu_backward(dx + i, dy + i, y + i, end - i, max);
    });
  });
}

const char *onednn_rescale(onednn_engine *e, float *y, const float *x, size_t n, float scale,
                           float offset) {
  return e->call([=] {
    parallel(n, 16, small, [=](size_t i, size_t end) {
      rescale(y + i, x + i, end - i, scale, offset);
    });
  });
}

const char *onednn_from_bytes(onednn_engine *e, float *y, const uint8_t *x, size_t n) {
  return e->call([=] {
    parallel(n, 64, small, [=](size_t i, size_t end) { from_bytes(y + i, x + i, end - i); });
  });
}

const char *onednn_add(onednn_engine *e, float *y, const float *a, const float *b, size_t n) {
  return e->call([=] {
    parallel(n, 16, small, [=](size_t i, size_t end) { add(y + i, a + i, b + i, end - i); });
  });
}

const char *onednn_copy_rows(onednn_engine *e, float *dst, size_t dst_stride, const float *src,
                             size_t src_stride, size_t rows, size_t width) {
  return e->call([=] {
    parallel(rows, 1, small / (width + 1), [=](size_t i, size_t end) {
      for (; i < end; i++)
        std::memcpy(dst + i * dst_stride, src + i * src_stride, width * sizeof(float));
    });
  });
}

// transpose writes rows begin to end of a transposed matrix, in squares that fit
// the first cache.
CLONES static void transpose(float *dst, const float *src, size_t rows, size_t cols,
                             size_t begin, size_t end) {
  const size_t side = 16;
  for (size_t c = begin; c < end; c += side) {
    const size_t c_end = std::min(c + side, end);
    for (size_t r = 0; r < rows; r += side) {
      const size_t r_end = std::min(r + side, rows);
      for (size_t j = c; j < c_end; j++)
        for (size_t i = r; i < r_end; i++) dst[j * rows + i] = src[i * cols + j];
    }
  }
}

const char *onednn_transpose(onednn_engine *e, float *dst, const float *src, size_t n,
                             size_t rows, size_t cols) {
  return e->call([=] {
    parallel(n * cols, 1, small / (rows + 1), [=](size_t i, size_t end) {
      while (i < end) {
        const size_t image = i / cols, begin = i % cols;
        const size_t stop = std::min(cols, begin + end - i);
        transpose(dst + image * rows * cols, src + image * rows * cols, rows, cols, begin, stop);
        i += stop - begin;
      }
    });
  });
}

const char *onednn_softmax(onednn_engine *e, float *y, const float *x, size_t rows, size_t k) {
  return e->call([=] {
    parallel(rows, 1, small / (k + 1), [=](size_t i, size_t end) {
      for (; i < end; i++) {
        const float *in = x + i * k;
        float *out = y + i * k;
        float top = in[0];
        for (size_t j = 1; j < k; j++) top = std::max(top, in[j]);
        double sum = 0;
        for (size_t j = 0; j < k; j++) {
          out[j] = std::exp(in[j] - top);
          sum += out[j];
        }
        const float scale = float(1 / sum);
        for (size_t j = 0; j < k; j++) out[j] *= scale;
      }
    });
  });
}

// dropout keeps the values that kernel.DropoutMask keeps. lo and hi are the halves of
// the mixed seed.
CLONES static void dropout(float *y, const float *x, size_t begin, size_t end, uint32_t lo,
                           uint32_t hi, uint32_t threshold, float scale) {
  for (size_t i = begin; i < end; i++) {
    uint32_t h = (uint32_t(i) ^ lo) * 0x9E3779B1u;
    h = ((h ^ h >> 15) + hi) * 0x85EBCA77u;
    h = (h ^ h >> 13) * 0xC2B2AE3Du;
    h ^= h >> 16;
    y[i] = h >= threshold ? x[i] * scale : 0;
  }
}

// splitmix64 spreads a seed over 64 bits (Steele, Lea and Flood 2014).
static uint64_t splitmix64(uint64_t z) {
  z += 0x9E3779B97F4A7C15u;
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
  z = (z ^ z >> 27) * 0x94D049BB133111EBu;
  return z ^ z >> 31;
}

const char *onednn_dropout(onednn_engine *e, float *y, const float *x, size_t n, double rate,
                           uint64_t seed) {
  return e->call([=] {
    const uint64_t mixed = splitmix64(seed);
    const uint32_t threshold = uint32_t(rate * 4294967296.0);
    const float scale = float(1 / (1 - rate));
    parallel(n, 16, small, [=](size_t i, size_t end) {
      dropout(y, x, i, end, uint32_t(mixed), uint32_t(mixed >> 32), threshold, scale);
    });
  });
}
