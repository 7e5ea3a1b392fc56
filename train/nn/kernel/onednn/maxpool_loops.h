//go:build onednn

// Max-pools on NHWC, LANES channels at a time: see lanes.h. They pool what
// they read, or its batch normalisation.
#include "lanes.h"

// store_places and load_places convert places of maxima between a vector and
// memory. They are loops because the compiler converts between vectors of
// different sizes one value at a time.
template <class Place>
INLINE void store_places(Place *p, const Ints &v, int n) {
  if (n == LANES) {
    for (int i = 0; i < LANES; i++) p[i] = Place(v[i]);
    return;
  }
  for (int i = 0; i < n; i++) p[i] = Place(v[i]);
}

template <class Place>
INLINE void load_places(Ints &v, const Place *p, int n) {
  if (n == LANES) {
    for (int i = 0; i < LANES; i++) v[i] = p[i];
    return;
  }
  v = Ints{};
  for (int i = 0; i < n; i++) v[i] = p[i];
}

// How many values ahead are fetched: they come in as many streams as the window has
// rows, too many for the processor to predict.
static const int ahead = 512;

#define INSIDE inline __attribute__((always_inline))

// Plain is a pool of the values as they are. Another type in its place is told which
// n channels are next, and may change values as they are read, and the gradient
// before it is written.
struct Plain {
  static const bool keeps_input = false;
  INSIDE void channels(int, int) {}
  INSIDE void input(Vector &) const {}
  INSIDE void gradient(Vector &, size_t, int) const {}
};

// window_max finds the largest value of n channels of a window, its place, and what it
// was when it was read. image starts at those channels.
template <class Map, class Place>
INLINE void window_max(const onednn_pool_shape &s, const Map &map, float *y, Place *winner,
                       float *read, const float *image, Range rows, Range cols, int n) {
  Vector best = {}, best_read = {};
  Ints at = {};
  bool first = true;
  for (int h = rows.begin; h < rows.end; h++) {
    const float *p = image + (size_t(h) * s.w + cols.begin) * s.c;
    int k = (h - rows.begin + rows.skipped) * s.kw + cols.skipped;
    for (int w = cols.begin; w < cols.end; w++, k++, p += s.c) {
      __builtin_prefetch(p + ahead);
      Vector v, x;
      load(v, p, n);
      x = v;
      map.input(x);
      if (first) {
        best = x;
        best_read = v;
        at = Ints{} + k;
        first = false;
        continue;
      }
      // Not "x > best": a NaN replaces any number, and stays.
      const Ints take = ~(x <= best) & (best == best);
      best = take ? x : best;
      if (Map::keeps_input) best_read = take ? v : best_read;
      at = take ? Ints{} + k : at;
    }
  }
  store(y, best, n);
  if (Map::keeps_input) store(read, best_read, n);
  if (winner) store_places(winner, at, n);
}

// Rows of output begin to end, counted over all images.
template <class Map, class Place>
INLINE void forward(const onednn_pool_shape &s, Map map, float *y, Place *winner, float *read,
                    const float *x, size_t begin, size_t end) {
  for (size_t row = begin; row < end; row++) {
    const float *image = x + row / s.oh * s.h * s.w * s.c;
    const Range rows = range(int(row % s.oh), s.sh, s.top, s.kh, s.h);
    for (int ow = 0; ow < s.ow; ow++) {
      const Range cols = range(ow, s.sw, s.left, s.kw, s.w);
      for (int c = 0; c < s.c; c += LANES) {
        const size_t to = (row * s.ow + ow) * s.c + c;
        Place *const place = winner ? winner + to : nullptr;
        const int n = s.c - c < LANES ? s.c - c : LANES;
        map.channels(c, n);
        // Both calls do the same. A constant count lets the compiler use whole vectors.
        if (n == LANES)
          window_max(s, map, y + to, place, read + to, image + c, rows, cols, LANES);
        else
          window_max(s, map, y + to, place, read + to, image + c, rows, cols, n);
      }
    }
  }
}

// gather adds what the windows that cover one input pixel pass on to n channels.
template <bool Masked, class Place>
INLINE void gather(Vector &sum, const float *dy, const float *y, const Place *winner,
                   const Cover *rows, const Cover *rows_end, const Cover *cols,
                   const Cover *cols_end, int n) {
  sum = Vector{};
  for (const Cover *r = rows; r < rows_end; r++) {
    for (const Cover *q = cols; q < cols_end; q++) {
      const size_t at = r->at + q->at;
      Vector d;
      Ints place;
      __builtin_prefetch(dy + at + ahead);
      if (Masked) __builtin_prefetch(y + at + ahead);
      load(d, dy + at, n);
      load_places(place, winner + at, n);
      Ints mine = place == r->place + q->place;
      if (Masked) {
        Vector top;
        load(top, y + at, n);
        mine &= top > 0.f;
      }
      sum += mine ? d : Vector{};
    }
  }
}

// Rows of input begin to end, counted over all images.
template <bool Masked, class Map, class Place>
INLINE void backward(const onednn_pool &l, Map map, float *dx, const float *dy, const float *y,
                     const Place *winner, size_t begin, size_t end, bool streamed) {
  const onednn_pool_shape &s = l.s;
  const Cover *const all_rows = l.rows.covers.data(), *const all_cols = l.cols.covers.data();
  for (size_t row = begin; row < end; row++) {
    const size_t image = row / s.h * s.oh * s.ow * s.c;
    const Cover *const rows = all_rows + l.rows.first[row % s.h];
    const Cover *const rows_end = all_rows + l.rows.first[row % s.h + 1];
    for (int w = 0; w < s.w; w++) {
      const Cover *const cols = all_cols + l.cols.first[w];
      const Cover *const cols_end = all_cols + l.cols.first[w + 1];
      for (int c = 0; c < s.c; c += LANES) {
        const size_t at = image + c, to = (row * s.w + w) * s.c + c;
        const int n = s.c - c < LANES ? s.c - c : LANES;
        Vector sum;
        map.channels(c, n);
        if (n == LANES) {
          gather<Masked>(sum, dy + at, y + at, winner + at, rows, rows_end, cols, cols_end, LANES);
          map.gradient(sum, to, LANES);
        } else {
          gather<Masked>(sum, dy + at, y + at, winner + at, rows, rows_end, cols, cols_end, n);
          map.gradient(sum, to, n);
        }
        if (streamed)
          stream(dx + to, sum);
        else
          store(dx + to, sum, n);
      }
    }
  }
  if (streamed) stream_end();
}

// Normalised is a pool of x*scale + shift. Its gradient is the batch normalisation's:
// gradient*scale + x*slope + shift, 0 where x is when masked.
struct Normalised {
  static const bool keeps_input = true;
  const float *x, *scale, *slope, *shift;
  bool masked;
  Vector a, k, b;

  INSIDE void channels(int c, int n) {
    load(a, scale + c, n);
    load(k, slope + c, n);
    load(b, shift + c, n);
  }
  INSIDE void input(Vector &v) const { v = v * a + b; }
  INSIDE void gradient(Vector &d, size_t at, int n) const {
    Vector v;
    load(v, x + at, n);
    d = d * a + v * k + b;
    if (masked) d = v > 0.f ? d : Vector{};
  }
};

static void norm_pool_forward(const onednn_pool &l, const onednn_norm &m, float *y, float *read,
                              const float *x, size_t begin, size_t end) {
  const Normalised map{x, m.scale.data(), m.slope.data(), m.shift.data(), false, {}, {}, {}};
  uint8_t *winner = l.winner.get();
  if (l.wide)
    forward(l.s, map, y, reinterpret_cast<uint32_t *>(winner), read, x, begin, end);
  else
    forward(l.s, map, y, winner, read, x, begin, end);
}

static void norm_pool_backward(const onednn_pool &l, const onednn_norm &m, float *dx,
                               const float *dy, const float *x, size_t begin, size_t end,
                               bool streamed) {
  const Normalised map{x,  m.scale.data(), m.slope.data(), m.shift.data(), bool(m.s.input_relu),
                       {}, {},             {}};
  const uint8_t *winner = l.winner.get();
  if (l.wide)
    backward<false>(l, map, dx, dy, dy, reinterpret_cast<const uint32_t *>(winner), begin, end,
                    streamed);
  else
    backward<false>(l, map, dx, dy, dy, winner, begin, end, streamed);
}

static void max_forward(const onednn_pool_shape &s, float *y, uint8_t *winner, bool wide,
                        const float *x, size_t begin, size_t end) {
  if (wide)
    forward(s, Plain{}, y, reinterpret_cast<uint32_t *>(winner), y, x, begin, end);
  else
    forward(s, Plain{}, y, winner, y, x, begin, end);
}

template <class Place>
static void max_backward(const onednn_pool &l, float *dx, const float *dy, const float *y,
                         const Place *winner, size_t begin, size_t end, bool streamed) {
  if (l.s.input_relu)
    backward<true>(l, Plain{}, dx, dy, y, winner, begin, end, streamed);
  else
    backward<false>(l, Plain{}, dx, dy, y, winner, begin, end, streamed);
}

static void max_backward(const onednn_pool &l, float *dx, const float *dy, const float *y,
                         size_t begin, size_t end, bool streamed) {
  const uint8_t *winner = l.winner.get();
  if (l.wide)
    max_backward(l, dx, dy, y, reinterpret_cast<const uint32_t *>(winner), begin, end, streamed);
  else
    max_backward(l, dx, dy, y, winner, begin, end, streamed);
}

#undef INSIDE
