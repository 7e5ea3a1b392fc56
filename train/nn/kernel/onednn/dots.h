//go:build onednn

#ifndef FLOWERCTL_ONEDNN_DOTS_H
#define FLOWERCTL_ONEDNN_DOTS_H

// dots_supported tells whether the processor can run dense_forward.
bool dots_supported();

// dense_forward is y = x*wT + b for plain x (n, in) and w (out, in), in AVX-512,
// with a ReLU if relu is set; b may be null. oneDNN's matrix product is slow where
// both sides are contiguous along the sum and n is small, and the layout that it
// prefers would cost a reorder of all weights in every step.
void dense_forward(float *y, const float *x, const float *w, const float *b, int n, int in,
                   int out, bool relu);

#endif
