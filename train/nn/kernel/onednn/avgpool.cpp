//go:build onednn

// Average pools on NHWC.
#include <cstring>

#include "loops.h"
#include "pool.h"

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
