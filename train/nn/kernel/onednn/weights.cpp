//go:build onednn

#include "weights.h"

#include <algorithm>
#include <cstring>

#include "vector.h"
#include "loops.h"

namespace {

// Pixels in a block: enough that loading and storing the tile costs little, few
// enough that their dy stays in the second cache.
const int block_pixels = 640;

// Over this many weights oneDNN is as fast, because the sums do not fit the caches.
const size_t most_weights = 600000;

// Operand is the part of x and dy that one tile sums over.
struct Operand {
  const float *x, *dy;
  size_t x_image, x_row, x_step;     // values from one image, row, pixel to the next
  size_t dy_image, dy_row, dy_step;  //
  int images, rows, width;
  size_t ahead;  // distance from dy to the values that are read next
};

// tile adds to R rows of 16*Q sums, stride values apart.
template <int R, int Q>
AVX512 void tile(float *sums, size_t stride, const Operand &in) {
  Vector a[R][Q];
#pragma GCC unroll 16
  for (int i = 0; i < R; i++)
#pragma GCC unroll 2
    for (int j = 0; j < Q; j++) a[i][j] = *(const Unaligned *)(sums + i * stride + lanes * j);
  for (int n = 0; n < in.images; n++) {
    for (int r = 0; r < in.rows; r++) {
      const float *x = in.x + n * in.x_image + r * in.x_row;
      const float *dy = in.dy + n * in.dy_image + r * in.dy_row;
      for (int p = 0; p < in.width; p++, x += in.x_step, dy += in.dy_step) {
        Vector d[Q];
#pragma GCC unroll 2
        for (int j = 0; j < Q; j++) {
          d[j] = *(const Unaligned *)(dy + lanes * j);
          __builtin_prefetch(dy + in.ahead + lanes * j, 0, 2);
        }
#pragma GCC unroll 16
        for (int i = 0; i < R; i++)
#pragma GCC unroll 2
          for (int j = 0; j < Q; j++) a[i][j] += x[i] * d[j];
      }
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < R; i++)
#pragma GCC unroll 2
    for (int j = 0; j < Q; j++) *(Unaligned *)(sums + i * stride + lanes * j) = a[i][j];
}

using Tile = void (*)(float *, size_t, const Operand &);
const int tallest = 12;  // 24 sums, 2 of dy and one of x: what 32 registers hold

template <int Q>
Tile tile_of(int rows) {
  static const Tile tiles[tallest + 1] = {
      nullptr,    tile<1, Q>, tile<2, Q>, tile<3, Q>,  tile<4, Q>,  tile<5, Q>, tile<6, Q>,
      tile<7, Q>, tile<8, Q>, tile<9, Q>, tile<10, Q>, tile<11, Q>, tile<12, Q>};
  return tiles[rows];
}

// add_pixels adds n rows of dy to sums.
AVX512 void add_pixels(float *sums, const float *dy, size_t step, int n, int begin, int end) {
  for (int o = begin; o < end; o += lanes) {
    Vector a = *(const Unaligned *)(sums + o);
    for (int p = 0; p < n; p++) a += *(const Unaligned *)(dy + p * step + o);
    *(Unaligned *)(sums + o) = a;
  }
}

}  // namespace

// Block is a group of output rows with the part of x and dy that they need, padded:
// columns of x by zeros, o to whole vectors.
struct WeightGradient::Block {
  const float *x, *dy;       // x at input row 0 of the first image, even if that is padding
  size_t x_row, x_image;     // values from one input row, image to the next
  size_t dy_step, dy_block;  // from one pixel, block to the next
  int images, begin, end;    // output rows begin to end of each image
};

bool WeightGradient::supported(const onednn_conv_shape &s) {
  return has_avx512() && s.groups == 1 &&
         size_t(s.kh) * s.kw * s.c * s.filters <= most_weights;
}

WeightGradient::WeightGradient(const onednn_conv_shape &s, int threads)
    : s_(s), threads_(threads) {
  wide_ = (s.filters + lanes - 1) / lanes * lanes;
  k_ = s.kw * s.c;
  rows_ = std::min(std::max(1, block_pixels / s.ow), s.oh);
  by_pixels_ = (wide_ + 2 * lanes - 1) / (2 * lanes) < 2 * threads;
  images_ = 1;
  if (rows_ == s.oh) {
    const int most = by_pixels_ ? std::max(1, s.n / threads) : s.n;
    images_ = std::min(most, std::max(1, block_pixels / (s.oh * s.ow)));
  }
  blocks_ = (s.oh + rows_ - 1) / rows_ * ((s.n + images_ - 1) / images_);
  sums_ = size_t(s.kh) * k_ * wide_;
  x_size_ = 0;
  if (s.left || s.right) {
    const size_t rows = std::min(s.h, (rows_ - 1) * s.sh + s.kh);
    x_size_ = images_ * rows * (s.w + s.left + s.right) * s.c;
    x_size_ = (x_size_ + lanes - 1) / lanes * lanes;
  }
  const size_t dy_size = wide_ == s.filters ? 0 : size_t(images_) * rows_ * s.ow * wide_;
  const size_t page = 1024;  // values: threads share no page
  one_ = (sums_ + wide_ + x_size_ + dy_size + page - 1) / page * page;
}

WeightGradient::Block WeightGradient::block(int index, const float *x, const float *dy,
                                            float *scratch) const {
  const int a_image = (s_.oh + rows_ - 1) / rows_;
  const int first = index / a_image * images_;
  Block b;
  b.images = std::min(images_, s_.n - first);
  b.begin = index % a_image * rows_;
  b.end = std::min(b.begin + rows_, s_.oh);
  b.x_row = size_t(s_.w) * s_.c;
  b.x_image = b.x_row * s_.h;
  b.x = x + first * b.x_image;
  b.dy_step = s_.filters;
  b.dy_block = size_t(rows_) * s_.ow * s_.filters;
  b.dy = dy + (size_t(first) * s_.oh + b.begin) * s_.ow * s_.filters;
  if (x_size_) {
    const int top = std::max(0, b.begin * s_.sh - s_.top);
    const int bottom = std::min(s_.h, (b.end - 1) * s_.sh - s_.top + s_.kh);
    const size_t left = size_t(s_.left) * s_.c, right = size_t(s_.right) * s_.c;
    const size_t padded = left + b.x_row + right;
    float *to = scratch;
    for (int n = 0; n < b.images; n++) {
      for (int h = top; h < bottom; h++, to += padded) {
        std::fill(to, to + left, 0.f);
        std::memcpy(to + left, b.x + n * b.x_image + h * b.x_row, b.x_row * sizeof(float));
        std::fill(to + left + b.x_row, to + padded, 0.f);
      }
    }
    b.x = scratch - top * padded;
    b.x_row = padded;
    b.x_image = padded * (bottom - top);
  }
  if (wide_ != s_.filters) {
    const int pixels = b.images * (b.end - b.begin) * s_.ow;
    float *to = scratch + x_size_;
    for (int p = 0; p < pixels; p++, to += wide_) {
      std::memcpy(to, b.dy + size_t(p) * s_.filters, s_.filters * sizeof(float));
      std::fill(to + s_.filters, to + wide_, 0.f);
    }
    b.dy = scratch + x_size_;
    b.dy_step = wide_;
    b.dy_block = 0;
  }
  return b;
}

void WeightGradient::add_block(const Block &b, float *sums, int o_begin, int o_end) const {
  Operand in;
  in.images = b.images;
  in.width = s_.ow;
  in.x_step = size_t(s_.sw) * s_.c;
  in.x_row = b.x_row * s_.sh;
  in.x_image = b.x_image;
  in.dy_step = b.dy_step;
  in.dy_row = b.dy_step * s_.ow;
  in.dy_image = in.dy_row * (b.end - b.begin);
  add_pixels(sums + sums_, b.dy, b.dy_step, b.images * (b.end - b.begin) * s_.ow, o_begin, o_end);
  const int tiles = (k_ + tallest - 1) / tallest;
  for (int o = o_begin; o < o_end; o += 2 * lanes) {
    const bool two = o + 2 * lanes <= o_end;
    for (int kh = 0; kh < s_.kh; kh++) {
      // The output rows whose input row is not padding.
      int begin = b.begin, end = b.end;
      while (begin < end && begin * s_.sh - s_.top + kh < 0) begin++;
      while (begin < end && (end - 1) * s_.sh - s_.top + kh >= s_.h) end--;
      if (begin == end) continue;
      in.rows = end - begin;
      in.dy = b.dy + (begin - b.begin) * in.dy_row + o;
      const float *row = b.x + (begin * s_.sh - s_.top + kh) * b.x_row;
      for (int t = 0; t < tiles; t++) {
        const int k = k_ * t / tiles, k_end = k_ * (t + 1) / tiles;
        // The last pass fetches the next block from memory.
        in.ahead = kh == s_.kh - 1 && t == tiles - 1 ? b.dy_block : 0;
        in.x = row + k;
        const Tile f = two ? tile_of<2>(k_end - k) : tile_of<1>(k_end - k);
        f(sums + (size_t(kh) * k_ + k) * wide_ + o, wide_, in);
      }
    }
  }
}

// sum is the work of one thread.
void WeightGradient::sum(int thread, float *sums, float *scratch, const float *x,
                         const float *dy) const {
  int begin = 0, end = blocks_, o_begin = 0, o_end = wide_;
  if (by_pixels_) {
    begin = int(size_t(blocks_) * thread / threads_);
    end = int(size_t(blocks_) * (thread + 1) / threads_);
  } else {
    const int units = (wide_ + 2 * lanes - 1) / (2 * lanes);
    o_begin = units * thread / threads_ * 2 * lanes;
    o_end = std::min(wide_, units * (thread + 1) / threads_ * 2 * lanes);
  }
  for (size_t k = 0; k <= size_t(s_.kh) * k_; k++)  // and db, which follows
    std::fill(sums + k * wide_ + o_begin, sums + k * wide_ + o_end, 0.f);
  for (int i = begin; i < end; i++)
    add_block(block(i, x, dy, scratch), sums, o_begin, o_end);
}

// store adds the sums of the threads for o_begin to o_end, at most one vector of
// them, and writes them in the order of the weights.
void WeightGradient::store(float *dw, float *db, const float *area, int o_begin,
                           int o_end) const {
  const int copies = by_pixels_ ? threads_ : 1, window = s_.kh * s_.kw;
  const int most = 2048;  // values of a part that is transposed in the first cache
  float part[most];
  const int step = std::max(1, most / lanes / window);  // channels in it
  for (int c = 0; c < s_.c; c += step) {
    const int c_end = std::min(c + step, s_.c);
    // Windows of more than 128 values are written as they come.
    const bool fits = window * lanes <= most;
    for (int i = c; i < c_end; i++) {
      for (int j = 0; j < window; j++) {
        const float *in = area + (size_t(j / s_.kw) * k_ + j % s_.kw * s_.c + i) * wide_ + o_begin;
        float v[lanes] = {};
        for (int t = 0; t < copies; t++)
          for (int o = 0; o < lanes; o++) v[o] += in[t * one_ + o];
        for (int o = 0; o < o_end - o_begin; o++) {
          if (fits)
            part[(o * (c_end - c) + i - c) * window + j] = v[o];
          else
            dw[(size_t(o_begin + o) * s_.c + i) * window + j] = v[o];
        }
      }
    }
    if (!fits) continue;
    const size_t run = size_t(c_end - c) * window;
    for (int o = o_begin; o < o_end; o++)
      std::memcpy(dw + (size_t(o) * s_.c + c) * window, part + (o - o_begin) * run,
                  run * sizeof(float));
  }
  if (!db) return;
  for (int o = o_begin; o < o_end; o++) {
    float v = 0;
    for (int t = 0; t < copies; t++) v += area[t * one_ + sums_ + o];
    db[o] = v;
  }
}

void WeightGradient::run(float *dw, float *db, const float *x, const float *dy,
                         float *area) const {
  // The split is by threads_, however many the team has.
#pragma omp parallel
  {
    const int team = omp_get_num_threads(), first = omp_get_thread_num();
    for (int t = first; t < threads_; t += team)
      sum(t, by_pixels_ ? area + t * one_ : area, area + t * one_ + sums_ + wide_, x, dy);
#pragma omp barrier
    for (int o = first * lanes; o < s_.filters; o += team * lanes)
      store(dw, db, area, o, std::min(o + lanes, s_.filters));
  }
}
