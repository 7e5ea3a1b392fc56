//go:build onednn

// Pools on NHWC: channels are innermost, so that every step of a window is a vector
// operation over them.
#ifndef FLOWERCTL_ONEDNN_POOL_H
#define FLOWERCTL_ONEDNN_POOL_H

#include <algorithm>
#include <memory>

#include "engine.h"

// Range is the part of a window along one axis that lies inside the image.
struct Range {
  int begin, end;  // input rows, or columns
  int skipped;     // rows of the window in the padding before it
};

inline Range range(int out, int stride, int pad, int kernel, int size) {
  const int first = out * stride - pad;
  const int begin = std::max(first, 0);
  return {begin, std::min(first + kernel, size), begin - first};
}

// Cover is a window that an input row or column is in: where its value lies, and
// which row or column of it this is.
struct Cover {
  size_t at;
  int32_t place;
};

// Covers lists them for each row or column: those of i from first[i] to first[i+1].
struct Covers {
  std::vector<Cover> covers;
  std::vector<int> first;

  // in and out are sizes; at and place are the steps from one to the next.
  void fill(int in, int out, int kernel, int stride, int pad, size_t at, int place) {
    for (int i = 0; i < in; i++) {
      first.push_back(int(covers.size()));
      for (int o = std::max(0, i + pad - kernel + 1) / stride; o < out; o++) {
        const int k = i + pad - o * stride;
        if (k < 0) break;
        if (k < kernel) covers.push_back({o * at, k * place});
      }
    }
    first.push_back(int(covers.size()));
  }
};

struct onednn_pool : Layer {
  onednn_pool(onednn_engine &e, onednn_pool_shape shape) : Layer(e), s(shape) {
    if (!s.max || s.inference) return;
    // The place in the window takes a byte, or four if the window is large.
    wide = s.kh * s.kw > 256;
    rows.fill(s.h, s.oh, s.kh, s.sh, s.top, size_t(s.ow) * s.c, s.kw);
    cols.fill(s.w, s.ow, s.kw, s.sw, s.left, s.c, 1);
    winner.reset(new uint8_t[size_t(s.n) * s.oh * s.ow * s.c * (wide ? 4 : 1)]);
  }
  onednn_pool_shape s;
  bool wide = false;
  Covers rows, cols;
  std::unique_ptr<uint8_t[]> winner;  // place of the maximum in its window, by y
};

#endif
