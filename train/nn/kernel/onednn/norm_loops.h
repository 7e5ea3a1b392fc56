//go:build onednn

// Batch normalisation on rows of channels, LANES channels at a time: see
// lanes.h. Sums are kept in registers, four of each so that none waits for
// the one before it.
#include "lanes.h"

const int chains = 4;

// add_moments adds rows of x-origin and its square for n channels: the origin keeps
// the difference of large numbers out of the variance.
INLINE void add_moments(float *sums, float *squares, const float *x, const float *origin,
                        size_t rows, size_t channels, int n) {
  Vector o, sum[chains] = {}, square[chains] = {};
  load(o, origin, n);
  for (size_t i = 0; i < rows; i += chains) {
#pragma GCC unroll 4
    for (int j = 0; j < chains; j++) {
      if (i + j >= rows) break;
      Vector v;
      load(v, x + (i + j) * channels, n);
      __builtin_prefetch(x + (i + j + rows) * channels);
      v -= o;
      sum[j] += v;
      square[j] += v * v;
    }
  }
  store(sums, (sum[0] + sum[1]) + (sum[2] + sum[3]), n);
  store(squares, (square[0] + square[1]) + (square[2] + square[3]), n);
}

// shut is d where the gate lets v through, with its scale a and shift b, else 0.
INLINE void shut(Vector &d, const Vector &v, const Vector &a, const Vector &b, float top) {
  const Vector y = v * a + b;
  d = (y > 0.f) & (y < top) ? d : Vector{};
}

// add_gradients adds rows of dy, and of dy times x-mean.
template <bool gated>
INLINE void add_gradients(float *sums, float *products, const float *dy, const float *x,
                          const float *mean, const Gate &gate, int c, size_t rows,
                          size_t channels, int n) {
  Vector m, a, b, sum[chains] = {}, product[chains] = {};
  load(m, mean, n);
  if (gated) {
    load(a, gate.scale + c, n);
    load(b, gate.shift + c, n);
  }
  for (size_t i = 0; i < rows; i += chains) {
#pragma GCC unroll 4
    for (int j = 0; j < chains; j++) {
      if (i + j >= rows) break;
      Vector v, d;
      load(v, x + (i + j) * channels, n);
      load(d, dy + (i + j) * channels, n);
      __builtin_prefetch(x + (i + j + rows) * channels);
      __builtin_prefetch(dy + (i + j + rows) * channels);
      if (gated) shut(d, v, a, b, gate.top);
      sum[j] += d;
      product[j] += d * (v - m);
    }
  }
  store(sums, (sum[0] + sum[1]) + (sum[2] + sum[3]), n);
  store(products, (product[0] + product[1]) + (product[2] + product[3]), n);
}

// moments writes the sums of all channels.
static void moments(float *sums, const float *x, const float *origin, size_t rows,
                    int channels) {
  int c = 0;
  for (; c + LANES <= channels; c += LANES)
    add_moments(sums + c, sums + channels + c, x + c, origin + c, rows, channels, LANES);
  if (c < channels)
    add_moments(sums + c, sums + channels + c, x + c, origin + c, rows, channels, channels - c);
}

template <bool gated>
static void gradient_sums(float *sums, const float *dy, const float *x, const float *mean,
                          const Gate &gate, size_t rows, int channels) {
  int c = 0;
  for (; c + LANES <= channels; c += LANES)
    add_gradients<gated>(sums + c, sums + channels + c, dy + c, x + c, mean + c, gate, c, rows,
                         channels, LANES);
  if (c < channels)
    add_gradients<gated>(sums + c, sums + channels + c, dy + c, x + c, mean + c, gate, c, rows,
                         channels, channels - c);
}

// affine is y = x*scale + shift; then, with relu, max(y, 0), cut at top.
template <bool relu>
static void affine(float *y, const float *x, const float *scale, const float *shift, float top,
                   size_t rows, int channels, bool streamed) {
  for (size_t i = 0; i < rows; i++, x += channels, y += channels) {
    for (int c = 0; c < channels; c += LANES) {
      const int n = channels - c < LANES ? channels - c : LANES;
      Vector v, a, b;
      load(v, x + c, n);
      load(a, scale + c, n);
      load(b, shift + c, n);
      v = v * a + b;
      if (relu) {  // a NaN stays one
        v = v < 0.f ? Vector{} : v;
        v = v > top ? Vector{} + top : v;
      }
      if (streamed)
        stream(y + c, v);
      else
        store(y + c, v, n);
    }
  }
  if (streamed) stream_end();
}

// gradient is dx = dy*scale + x*slope + shift, 0 where x is when masked.
template <bool gated>
static void gradient(float *dx, const float *dy, const float *x, const float *scale,
                     const float *slope, const float *shift, const Gate &gate, bool masked,
                     size_t rows, int channels, bool streamed) {
  for (size_t i = 0; i < rows; i++, x += channels, dy += channels, dx += channels) {
    for (int c = 0; c < channels; c += LANES) {
      const int n = channels - c < LANES ? channels - c : LANES;
      Vector v, d, a, k, b;
      load(v, x + c, n);
      load(d, dy + c, n);
      load(a, scale + c, n);
      load(k, slope + c, n);
      load(b, shift + c, n);
      if (gated) {
        Vector on, from;
        load(on, gate.scale + c, n);
        load(from, gate.shift + c, n);
        shut(d, v, on, from, gate.top);
      }
      d = d * a + v * k + b;
      if (masked) d = v > 0.f ? d : Vector{};
      if (streamed)
        stream(dx + c, d);
      else
        store(dx + c, d, n);
    }
  }
  if (streamed) stream_end();
}
