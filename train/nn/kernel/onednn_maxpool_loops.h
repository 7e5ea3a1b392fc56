//go:build onednn

// Max-pools on NHWC, LANES channels at a time: see onednn_lanes.h.
#include "onednn_lanes.h"

// Places of maxima as they are kept. Loops, because the compiler converts between
// vectors of different sizes one by one.
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

// Values ahead that are fetched: they come in as many streams as the window has
// rows, too many for the processor to foresee.
static const int ahead = 512;

// window_max finds the largest value of n channels of a window, and its place.
// image starts at those channels.
template <class Place>
INLINE void window_max(const onednn_pool_shape &s, float *y, Place *winner, const float *image,
                       Range rows, Range cols, int n) {
  Vector best = {};
  Ints at = {};
  bool first = true;
  for (int h = rows.begin; h < rows.end; h++) {
    const float *p = image + (size_t(h) * s.w + cols.begin) * s.c;
    int k = (h - rows.begin + rows.skipped) * s.kw + cols.skipped;
    for (int w = cols.begin; w < cols.end; w++, k++, p += s.c) {
      __builtin_prefetch(p + ahead);
      Vector x;
      load(x, p, n);
      if (first) {
        best = x;
        at = Ints{} + k;
        first = false;
        continue;
      }
      // Not "x > best": a NaN replaces any number, and stays.
      const Ints take = ~(x <= best) & (best == best);
      best = take ? x : best;
      at = take ? Ints{} + k : at;
    }
  }
  store(y, best, n);
  if (winner) store_places(winner, at, n);
}

// Rows of output begin to end, counted over all images.
template <class Place>
INLINE void forward(const onednn_pool_shape &s, float *y, Place *winner, const float *x,
                    size_t begin, size_t end) {
  for (size_t row = begin; row < end; row++) {
    const float *image = x + row / s.oh * s.h * s.w * s.c;
    const Range rows = range(int(row % s.oh), s.sh, s.top, s.kh, s.h);
    for (int ow = 0; ow < s.ow; ow++) {
      const Range cols = range(ow, s.sw, s.left, s.kw, s.w);
      const size_t to = (row * s.ow + ow) * s.c;
      int c = 0;
      for (; c + LANES <= s.c; c += LANES)
        window_max(s, y + to + c, winner ? winner + to + c : nullptr, image + c, rows, cols,
                   LANES);
      if (c < s.c)
        window_max(s, y + to + c, winner ? winner + to + c : nullptr, image + c, rows, cols,
                   s.c - c);
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
template <bool Masked, class Place>
INLINE void backward(const onednn_pool &l, float *dx, const float *dy, const float *y,
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
      float *to = dx + (row * s.w + w) * s.c;
      Vector sum;
      int c = 0;
      for (; c + LANES <= s.c; c += LANES) {
        const size_t at = image + c;
        gather<Masked>(sum, dy + at, y + at, winner + at, rows, rows_end, cols, cols_end, LANES);
        if (streamed)
          stream(to + c, sum);
        else
          store(to + c, sum, LANES);
      }
      if (c < s.c) {
        const size_t at = image + c;
        gather<Masked>(sum, dy + at, y + at, winner + at, rows, rows_end, cols, cols_end,
                       s.c - c);
        store(to + c, sum, s.c - c);
      }
    }
  }
  if (streamed) stream_end();
}

static void max_forward(const onednn_pool_shape &s, float *y, uint8_t *winner, bool wide,
                        const float *x, size_t begin, size_t end) {
  if (wide)
    forward(s, y, reinterpret_cast<uint32_t *>(winner), x, begin, end);
  else
    forward(s, y, winner, x, begin, end);
}

template <class Place>
static void max_backward(const onednn_pool &l, float *dx, const float *dy, const float *y,
                         const Place *winner, size_t begin, size_t end, bool streamed) {
  if (l.s.input_relu)
    backward<true>(l, dx, dy, y, winner, begin, end, streamed);
  else
    backward<false>(l, dx, dy, y, winner, begin, end, streamed);
}

static void max_backward(const onednn_pool &l, float *dx, const float *dy, const float *y,
                         size_t begin, size_t end, bool streamed) {
  const uint8_t *winner = l.winner.get();
  if (l.wide)
    max_backward(l, dx, dy, y, reinterpret_cast<const uint32_t *>(winner), begin, end, streamed);
  else
    max_backward(l, dx, dy, y, winner, begin, end, streamed);
}
