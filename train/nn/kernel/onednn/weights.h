//go:build onednn

// The gradient of a convolution's weights on NHWC, in AVX-512: oneDNN has no fast one
// for images of few channels or many pixels.
#ifndef FLOWERCTL_ONEDNN_WEIGHTS_H
#define FLOWERCTL_ONEDNN_WEIGHTS_H

#include <cstddef>

#include "api.h"

// WeightGradient computes dw and db. In NHWC the values that one row of a window
// covers, kw*c of them, are contiguous; so for each row kh of the window
//
//	dw[o][kh][k] = sum over output pixels p of x[start(p, kh) + k] * dy[p][o]
//
// is a matrix product whose left side overlaps itself. Its tiles are 12 k times 32
// o, in registers, summed over a block of pixels that fits the caches. Threads
// take parts of the pixels, each with sums of its own that are then added in
// order; or, where o is wide enough for all, parts of o.
class WeightGradient {
 public:
  // supported tells whether the processor can, and whether it is the faster way.
  static bool supported(const onednn_conv_shape &s);

  WeightGradient(const onednn_conv_shape &s, int threads);

  // area is the number of bytes that run works in.
  size_t area() const { return sizeof(float) * one_ * threads_; }
  void run(float *dw, float *db, const float *x, const float *dy, float *area) const;

 private:
  struct Block;

  void sum(int thread, float *sums, float *scratch, const float *x, const float *dy) const;
  void add_block(const Block &b, float *sums, int o_begin, int o_end) const;
  Block block(int index, const float *x, const float *dy, float *scratch) const;
  void store(float *dw, float *db, const float *area, int o_begin, int o_end) const;

  onednn_conv_shape s_;
  int threads_;
  int wide_;           // o, rounded up to whole vectors
  int k_;              // kw*c
  int rows_, images_;  // of output, in a block
  int blocks_;         // in all
  bool by_pixels_;     // how the threads split the work
  size_t sums_;        // values in the sums of dw; wide_ of db follow
  size_t x_size_;      // values in the padded copy of a block's x
  size_t one_;         // values in a thread's part of the area
};

#endif
