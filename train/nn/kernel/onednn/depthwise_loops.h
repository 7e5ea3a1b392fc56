//go:build onednn

// The gradient of a depthwise convolution's weights, LANES channels at a time: see
// lanes.h. The products of one row of dy with the input rows under the window are summed
// in registers, and those of all rows in float32.
#include "lanes.h"

// add_row adds to R rows of K sums, wide values apart, the products of one row of dy with
// R rows of x, which the window's rows lie on. n channels.
template <int R, int K>
INLINE void add_row(float *sums, float *bias, size_t wide, const DepthwiseRow &in, int n) {
  Vector a[R][K] = {}, b = {};
  const float *dy = in.dy;
  int column = -in.left;  // of x, under the first of the window
  for (int o = 0; o < in.ow; o++, dy += in.c, column += in.stride) {
    Vector d;
    load(d, dy, n);
    b += d;
    const float *x = in.x + ptrdiff_t(column) * in.c;
    if (column >= 0 && column + K <= in.w) {
#pragma GCC unroll 8
      for (int i = 0; i < R; i++)
#pragma GCC unroll 8
        for (int j = 0; j < K; j++) {
          Vector v;
          load(v, x + i * in.x_row + j * in.c, n);
          a[i][j] += v * d;
        }
      continue;
    }
#pragma GCC unroll 8
    for (int j = 0; j < K; j++) {
      if (column + j < 0 || column + j >= in.w) continue;
#pragma GCC unroll 8
      for (int i = 0; i < R; i++) {
        Vector v;
        load(v, x + i * in.x_row + j * in.c, n);
        a[i][j] += v * d;
      }
    }
  }
  for (int i = 0; i < R; i++)
    for (int j = 0; j < K; j++) {
      Vector v;
      load(v, sums + (i * K + j) * wide, n);
      store(sums + (i * K + j) * wide, v + a[i][j], n);
    }
  if (!bias) return;
  Vector v;
  load(v, bias, n);
  store(bias, v + b, n);
}

// add_rows adds the part of output rows begin to end, counted through all images. The
// sums of the bias follow those of the weights, which are [K*K][wide].
template <int K>
static void add_rows(float *sums, size_t wide, const onednn_conv_shape &s, const float *x,
                     const float *dy, size_t begin, size_t end) {
  // As many of the window's rows at a time as the registers hold sums of.
  const int most = LANES == 16 && K * K <= 25 ? K : 1;
  const size_t row = size_t(s.ow) * s.c;
  DepthwiseRow in;
  in.x_row = size_t(s.w) * s.c;
  in.ow = s.ow, in.w = s.w, in.c = s.c, in.stride = s.sw, in.left = s.left;
  for (size_t r = begin; r < end; r++) {
    const int first = int(r % s.oh) * s.sh - s.top;  // input row under the window's first
    const int from = first < 0 ? -first : 0, to = first + K > s.h ? s.h - first : K;
    const float *image = x + r / s.oh * s.h * in.x_row;
    for (int c = 0; c < s.c; c += LANES) {
      const int n = s.c - c < LANES ? s.c - c : LANES;
      in.dy = dy + r * row + c;
      // The next row comes from memory as one piece, which the steps over pixels do not
      // ask for in order.
      const size_t part = row * LANES / s.c;
      for (size_t i = 0; i < part; i += 16) {
        __builtin_prefetch(dy + (r + 1) * row + c / LANES * part + i, 0, 2);
      }
      for (int k = from; k < to;) {
        in.x = image + (first + k) * in.x_row + c;
        float *to_sums = sums + k * K * wide + c, *bias = sums + K * K * wide + c;
        if (k > from) bias = nullptr;
        if (most == K && to - from == K) {
          if (n == LANES)
            add_row<most, K>(to_sums, bias, wide, in, LANES);
          else
            add_row<most, K>(to_sums, bias, wide, in, n);
          k += K;
          continue;
        }
        if (n == LANES)
          add_row<1, K>(to_sums, bias, wide, in, LANES);
        else
          add_row<1, K>(to_sums, bias, wide, in, n);
        k++;
      }
    }
  }
}
