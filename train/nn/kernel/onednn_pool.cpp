//go:build onednn

// Pools on NHWC: channels are innermost, so that every step of a window is one
// vector operation over them.
#include <cmath>
#include <cstring>
#include <memory>
#include <stdexcept>

#include "onednn_engine.h"
#include "onednn_loops.h"

namespace {

// Channels that are worked on at once, in registers or the first cache.
const int block = 64;

// Part of a window that lies inside the image.
struct Range {
  int begin, end;  // input rows, or columns
  int skipped;     // rows of the window in the padding before it
};

inline Range range(int out, int stride, int pad, int kernel, int size) {
  const int first = out * stride - pad;
  const int begin = std::max(first, 0);
  return {begin, std::min(first + kernel, size), begin - first};
}

}  // namespace

struct onednn_pool : Layer {
  onednn_pool(onednn_engine &e, onednn_pool_shape shape) : Layer(e), s(shape) {
    if (!s.max || s.inference) return;
    // The place in the window is kept in a byte, or four if the window is large.
    wide = s.kh * s.kw > 256;
    winner.reset(new uint8_t[size_t(s.n) * s.oh * s.ow * s.c * (wide ? 4 : 1)]);
  }
  onednn_pool_shape s;
  bool wide = false;
  std::unique_ptr<uint8_t[]> winner;  // place of the maximum in its window
};

// Largest value of one block of channels, and where it was.
template <class Index>
static inline __attribute__((always_inline)) void window_max(
    const onednn_pool_shape &s, float *y, Index *winner, const float *image, Range rows,
    Range cols, int c, int width) {
  float best[block];
  int32_t at[block];
  bool first = true;
  for (int h = rows.begin; h < rows.end; h++) {
    for (int w = cols.begin; w < cols.end; w++) {
      const float *x = image + (size_t(h) * s.w + w) * s.c + c;
      const int32_t k = (h - rows.begin + rows.skipped) * s.kw + w - cols.begin + cols.skipped;
      if (first) {
        for (int i = 0; i < width; i++) best[i] = x[i], at[i] = k;
        first = false;
        continue;
      }
      for (int i = 0; i < width; i++) {
        // Not "x > best": a NaN replaces any number, and stays.
        const bool take = !(x[i] <= best[i]) & (best[i] == best[i]);
        best[i] = take ? x[i] : best[i];
        at[i] = take ? k : at[i];
      }
    }
  }
  for (int i = 0; i < width; i++) y[i] = best[i];
  if (winner)
    for (int i = 0; i < width; i++) winner[i] = Index(at[i]);
}

// Rows of output begin to end, counted over all images.
template <class Index>
static inline __attribute__((always_inline)) void max_rows(const onednn_pool_shape &s, float *y,
                                                           Index *winner, const float *x,
                                                           size_t begin, size_t end) {
  for (size_t row = begin; row < end; row++) {
    const float *image = x + row / s.oh * s.h * s.w * s.c;
    const Range rows = range(int(row % s.oh), s.sh, s.top, s.kh, s.h);
    for (int ow = 0; ow < s.ow; ow++) {
      const Range cols = range(ow, s.sw, s.left, s.kw, s.w);
      const size_t at = (row * s.ow + ow) * s.c;
      int c = 0;
      for (; c + block <= s.c; c += block)
        window_max(s, y + at + c, winner ? winner + at + c : nullptr, image, rows, cols, c, block);
      if (c < s.c)
        window_max(s, y + at + c, winner ? winner + at + c : nullptr, image, rows, cols, c,
                   s.c - c);
    }
  }
}

CLONES static void max_rows_bytes(const onednn_pool_shape &s, float *y, uint8_t *winner,
                                  const float *x, size_t begin, size_t end) {
  max_rows(s, y, winner, x, begin, end);
}

CLONES static void max_rows_words(const onednn_pool_shape &s, float *y, uint32_t *winner,
                                  const float *x, size_t begin, size_t end) {
  max_rows(s, y, winner, x, begin, end);
}

// Backward of one image: rows of dx in order, so that each stays in the cache
// until the last window that covers it is done.
template <class Index>
static inline __attribute__((always_inline)) void max_backward(const onednn_pool_shape &s,
                                                               float *dx, const float *dy,
                                                               const float *y,
                                                               const Index *winner) {
  int cleared = 0;
  for (int oh = 0; oh < s.oh; oh++) {
    const Range rows = range(oh, s.sh, s.top, s.kh, s.h);
    if (rows.end > cleared) {
      std::memset(dx + size_t(cleared) * s.w * s.c, 0,
                  size_t(rows.end - cleared) * s.w * s.c * sizeof(float));
      cleared = rows.end;
    }
    for (int ow = 0; ow < s.ow; ow++) {
      const Range cols = range(ow, s.sw, s.left, s.kw, s.w);
      const size_t out = (size_t(oh) * s.ow + ow) * s.c;
      for (int h = rows.begin; h < rows.end; h++) {
        for (int w = cols.begin; w < cols.end; w++) {
          const Index k = (h - rows.begin + rows.skipped) * s.kw + w - cols.begin + cols.skipped;
          float *to = dx + (size_t(h) * s.w + w) * s.c;
          if (s.input_relu) {
            for (int c = 0; c < s.c; c++)
              to[c] += (winner[out + c] == k) & (y[out + c] > 0) ? dy[out + c] : 0;
          } else {
            for (int c = 0; c < s.c; c++) to[c] += winner[out + c] == k ? dy[out + c] : 0;
          }
        }
      }
    }
  }
  std::memset(dx + size_t(cleared) * s.w * s.c, 0,
              size_t(s.h - cleared) * s.w * s.c * sizeof(float));
}

CLONES static void max_backward_bytes(const onednn_pool_shape &s, float *dx, const float *dy,
                                      const float *y, const uint8_t *winner) {
  max_backward(s, dx, dy, y, winner);
}

CLONES static void max_backward_words(const onednn_pool_shape &s, float *dx, const float *dy,
                                      const float *y, const uint32_t *winner) {
  max_backward(s, dx, dy, y, winner);
}

CLONES static void avg_rows(const onednn_pool_shape &s, float *y, const float *x, size_t begin,
                            size_t end) {
  for (size_t row = begin; row < end; row++) {
    const float *image = x + row / s.oh * s.h * s.w * s.c;
    const Range rows = range(int(row % s.oh), s.sh, s.top, s.kh, s.h);
    for (int ow = 0; ow < s.ow; ow++) {
      const Range cols = range(ow, s.sw, s.left, s.kw, s.w);
      float *out = y + (row * s.ow + ow) * s.c;
      std::memset(out, 0, s.c * sizeof(float));
      for (int h = rows.begin; h < rows.end; h++)
        for (int w = cols.begin; w < cols.end; w++) {
          const float *in = image + (size_t(h) * s.w + w) * s.c;
          for (int c = 0; c < s.c; c++) out[c] += in[c];
        }
      const float scale = 1.f / ((rows.end - rows.begin) * (cols.end - cols.begin));
      for (int c = 0; c < s.c; c++) out[c] *= scale;
    }
  }
}

CLONES static void avg_backward(const onednn_pool_shape &s, float *dx, const float *dy) {
  std::memset(dx, 0, size_t(s.h) * s.w * s.c * sizeof(float));
  for (int oh = 0; oh < s.oh; oh++) {
    const Range rows = range(oh, s.sh, s.top, s.kh, s.h);
    for (int ow = 0; ow < s.ow; ow++) {
      const Range cols = range(ow, s.sw, s.left, s.kw, s.w);
      const float *in = dy + (size_t(oh) * s.ow + ow) * s.c;
      const float scale = 1.f / ((rows.end - rows.begin) * (cols.end - cols.begin));
      for (int h = rows.begin; h < rows.end; h++)
        for (int w = cols.begin; w < cols.end; w++) {
          float *to = dx + (size_t(h) * s.w + w) * s.c;
          for (int c = 0; c < s.c; c++) to[c] += in[c] * scale;
        }
    }
  }
}

const char *onednn_pool_new(onednn_engine *e, onednn_pool_shape s, onednn_pool **out) {
  return e->add(s, out);
}

const char *onednn_maxpool_forward(onednn_pool *l, float *y, const float *x) {
  return l->engine.call([=] {
    const auto &s = l->s;
    uint8_t *winner = l->winner.get();
    parallel(size_t(s.n) * s.oh, 1, 2, [&](size_t begin, size_t end) {
      if (l->wide)
        max_rows_words(s, y, reinterpret_cast<uint32_t *>(winner), x, begin, end);
      else
        max_rows_bytes(s, y, winner, x, begin, end);
    });
  });
}

const char *onednn_maxpool_backward(onednn_pool *l, float *dx, const float *dy, const float *y) {
  return l->engine.call([=] {
    const auto &s = l->s;
    const size_t in = size_t(s.h) * s.w * s.c, out = size_t(s.oh) * s.ow * s.c;
    parallel(s.n, 1, 2, [&](size_t i, size_t end) {
      for (; i < end; i++) {
        const uint8_t *winner = l->winner.get();
        if (l->wide)
          max_backward_words(s, dx + i * in, dy + i * out, y + i * out,
                             reinterpret_cast<const uint32_t *>(winner) + i * out);
        else
          max_backward_bytes(s, dx + i * in, dy + i * out, y + i * out, winner + i * out);
      }
    });
  });
}

const char *onednn_avgpool_forward(onednn_pool *l, float *y, const float *x) {
  return l->engine.call([=] {
    const auto &s = l->s;
    parallel(size_t(s.n) * s.oh, 1, 2,
             [&](size_t begin, size_t end) { avg_rows(s, y, x, begin, end); });
  });
}

const char *onednn_avgpool_backward(onednn_pool *l, float *dx, const float *dy) {
  return l->engine.call([=] {
    const auto &s = l->s;
    const size_t in = size_t(s.h) * s.w * s.c, out = size_t(s.oh) * s.ow * s.c;
    parallel(s.n, 1, 2, [&](size_t i, size_t end) {
      for (; i < end; i++) avg_backward(s, dx + i * in, dy + i * out);
    });
  });
}
