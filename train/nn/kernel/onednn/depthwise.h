//go:build onednn

// The gradient of a depthwise convolution's weights on NHWC. oneDNN 2.6 takes over ten
// times as long where the window is 5 x 5, and up to twice as long where it is 3 x 3.
#ifndef FLOWERCTL_ONEDNN_DEPTHWISE_H
#define FLOWERCTL_ONEDNN_DEPTHWISE_H

#include <cstddef>

#include "api.h"

// DepthwiseGradient computes dw and db of a convolution with one filter a channel. Each
// thread sums over a part of the rows of dy; the parts are then added in order.
class DepthwiseGradient {
 public:
  // supported tells whether the shape is one that this has loops for: windows of 3 x 3,
  // 5 x 5 and 7 x 7.
  static bool supported(const onednn_conv_shape &s);

  DepthwiseGradient(const onednn_conv_shape &s, int threads);

  // area is the number of bytes that run works in.
  size_t area() const { return sizeof(float) * one_ * threads_; }
  void run(float *dw, float *db, const float *x, const float *dy, float *area) const;

 private:
  onednn_conv_shape s_;
  int threads_;
  size_t wide_;  // channels, rounded up to whole cache lines
  size_t one_;   // values in a thread's part of the area
};

#endif
