//go:build onednn

#include "dots.h"

#include <algorithm>

#include "vector.h"
#include "loops.h"

namespace {

const int chunk = 1024;  // values of a row at a time: a tile's rows fit the first cache

// Operand is the part of a tile's rows that is summed.
struct Operand {
  const float *x, *w;
  size_t stride;  // values from one row of x or w to the next
  int length;
  size_t ahead;  // distance from w to the values that are read next
  bool first, last;
  const float *b;
  bool relu;
};

AVX512 inline float total(Vector v) {
  float x[lanes];
  *(Unaligned *)x = v;
  for (int half = lanes / 2; half > 0; half /= 2)
    for (int i = 0; i < half; i++) x[i] += x[i + half];
  return x[0];
}

// tile adds the dot products of N rows of x with O rows of w to y.
template <int N, int O>
AVX512 void tile(float *y, size_t out, const Operand &in) {
  Vector a[N][O] = {};
  const int vectorised = in.length / lanes * lanes;
  for (int i = 0; i < vectorised; i += lanes) {
    Vector w[O];
#pragma GCC unroll 6
    for (int o = 0; o < O; o++) {
      w[o] = *(const Unaligned *)(in.w + o * in.stride + i);
      __builtin_prefetch(in.w + o * in.stride + i + in.ahead, 0, 2);
    }
#pragma GCC unroll 4
    for (int n = 0; n < N; n++) {
      const Vector x = *(const Unaligned *)(in.x + n * in.stride + i);
#pragma GCC unroll 6
      for (int o = 0; o < O; o++) a[n][o] += x * w[o];
    }
  }
#pragma GCC unroll 4
  for (int n = 0; n < N; n++) {
#pragma GCC unroll 6
    for (int o = 0; o < O; o++) {
      float v = total(a[n][o]);
      for (int i = vectorised; i < in.length; i++)
        v += in.x[n * in.stride + i] * in.w[o * in.stride + i];
      if (!in.first) v += y[n * out + o];
      if (in.last && in.b) v += in.b[o];
      y[n * out + o] = in.last && in.relu && v < 0 ? 0 : v;
    }
  }
}

using Tile = void (*)(float *, size_t, const Operand &);
const int tile_n = 4, tile_o = 6;  // 24 sums, 6 of w and one of x: 31 registers

template <int N>
Tile tile_of(int o) {
  static const Tile tiles[] = {tile<N, 1>, tile<N, 2>, tile<N, 3>,
                               tile<N, 4>, tile<N, 5>, tile<N, 6>};
  return tiles[o - 1];
}

Tile tile_of(int n, int o) {
  static Tile (*const rows[])(int) = {tile_of<1>, tile_of<2>, tile_of<3>, tile_of<4>};
  return rows[n - 1](o);
}

}  // namespace

bool dots_supported() { return has_avx512(); }

void dense_forward(float *y, const float *x, const float *w, const float *b, int n, int in,
                   int out, bool relu) {
  // A chunk of x stays in the second cache while all of w's chunk passes by.
  const auto part = [=](size_t begin, size_t end) {
    for (int i = 0; i < in; i += chunk) {
      Operand op;
      op.stride = in;
      op.length = std::min(chunk, in - i);
      op.first = i == 0;
      op.last = i + chunk >= in;
      op.relu = relu;
      for (size_t o = begin; o < end; o += tile_o) {
        const int o_tile = int(std::min(size_t(tile_o), end - o));
        op.w = w + o * in + i;
        op.b = b ? b + o : nullptr;
        for (int r = 0; r < n; r += tile_n) {
          const int n_tile = std::min(tile_n, n - r);
          op.x = x + size_t(r) * in + i;
          op.ahead = r == 0 && o + 2 * tile_o <= end ? size_t(tile_o) * in : 0;
          tile_of(n_tile, o_tile)(y + size_t(r) * out + o, out, op);
        }
      }
    }
  };
  // Under this many multiply-adds another thread costs more than it saves.
  const size_t few = 1 << 16;
  parallel(out, tile_o, few / (size_t(n) * in) + 1, part);
}
