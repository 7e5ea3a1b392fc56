//go:build onednn

#include "depthwise.h"

#include <algorithm>

#include "loops.h"

namespace {

// DepthwiseRow is one row of dy and the rows of x under its windows, from one channel on.
struct DepthwiseRow {
  const float *x, *dy;
  size_t x_row;  // values from one row of x to the next
  int ow, w, c;  // pixels in a row of dy and of x; values from one pixel to the next
  int stride, left;
};

}  // namespace

#define LOOPS "depthwise_loops.h"
#include "targets.h"

bool DepthwiseGradient::supported(const onednn_conv_shape &s) {
  return s.groups == s.c && s.filters == s.c && s.kh == s.kw &&
         (s.kh == 3 || s.kh == 5 || s.kh == 7);
}

DepthwiseGradient::DepthwiseGradient(const onednn_conv_shape &s, int threads)
    : s_(s), threads_(threads) {
  wide_ = (s.c + 15) / 16 * 16;
  const size_t page = 1024;  // values: threads share no page
  one_ = ((size_t(s.kh) * s.kw + 1) * wide_ + page - 1) / page * page;
}

void DepthwiseGradient::run(float *dw, float *db, const float *x, const float *dy,
                            float *area) const {
  const size_t rows = size_t(s_.n) * s_.oh;
  const int window = s_.kh * s_.kw;
  // The split is by threads_, however many the team has.
#pragma omp parallel
  {
    const int team = omp_get_num_threads(), first = omp_get_thread_num();
    for (int t = first; t < threads_; t += team) {
      float *sums = area + t * one_;
      std::fill(sums, sums + one_, 0.f);
      const size_t begin = rows * t / threads_, end = rows * (t + 1) / threads_;
      if (s_.kh == 3) {
        TARGETS(add_rows<3>(sums, wide_, s_, x, dy, begin, end));
      } else if (s_.kh == 5) {
        TARGETS(add_rows<5>(sums, wide_, s_, x, dy, begin, end));
      } else {
        TARGETS(add_rows<7>(sums, wide_, s_, x, dy, begin, end));
      }
    }
#pragma omp barrier
    const int c_begin = s_.c * first / team, c_end = s_.c * (first + 1) / team;
    for (int c = c_begin; c < c_end; c++) {
      for (int k = 0; k <= window; k++) {
        float v = 0;
        for (int t = 0; t < threads_; t++) v += area[t * one_ + k * wide_ + c];
        if (k < window)
          dw[size_t(c) * window + k] = v;
        else if (db)
          db[c] = v;
      }
    }
  }
}
