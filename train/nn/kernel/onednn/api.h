//go:build onednn

// The C functions of the oneDNN engine, for Go. Every function that can fail
// returns NULL, or what went wrong; the text is valid until the next call on the
// same engine. No C++ exception leaves these functions. Layouts and argument
// names are those of package kernel.
#ifndef FLOWERCTL_ONEDNN_H
#define FLOWERCTL_ONEDNN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct onednn_engine onednn_engine;
typedef struct onednn_conv onednn_conv;
typedef struct onednn_dense onednn_dense;
typedef struct onednn_pool onednn_pool;
typedef struct onednn_norm onednn_norm;
typedef struct onednn_norm_pool onednn_norm_pool;

const char *onednn_open(int threads, onednn_engine **out);
void onednn_close(onednn_engine *e);
void onednn_version(int version[3]);
// onednn_yield has threads without work leave their core at once, or after 3 ms of waiting for
// some, as they do at first. It has no effect where libgomp's environment says how they wait,
// or where over 14 more cores are there than the engine has threads.
const char *onednn_yield(onednn_engine *e, int on);
const char *onednn_alloc(onednn_engine *e, size_t n, float **out);

// Layers belong to the engine, which frees them when it is closed.

typedef struct {
  int n, h, w, c;       // input
  int oh, ow, filters;  // output
  int kh, kw, sh, sw;
  int top, left, bottom, right;
  int groups;
  int bias, relu, inference, no_backward_data;
  float max;  // of the ReLU; 0 for none
  int bf16;   // as kernel.ConvShape; without the processor's instructions where emulated
  int emulated;
} onednn_conv_shape;

int onednn_has_bf16(void);
const char *onednn_conv_new(onednn_engine *e, onednn_conv_shape s, onednn_conv **out);
const char *onednn_conv_forward(onednn_conv *l, float *y, const float *x, const float *w,
                                const float *b);
const char *onednn_conv_backward_data(onednn_conv *l, float *dx, const float *dy, const float *w);
const char *onednn_conv_backward_weights(onednn_conv *l, float *dw, float *db, const float *x,
                                         const float *dy);

typedef struct {
  int n, in, out;
  int bias, relu, inference, no_backward_data;
} onednn_dense_shape;

const char *onednn_dense_new(onednn_engine *e, onednn_dense_shape s, onednn_dense **out);
const char *onednn_dense_forward(onednn_dense *l, float *y, const float *x, const float *w,
                                 const float *b);
const char *onednn_dense_backward_data(onednn_dense *l, float *dx, const float *dy,
                                       const float *w);
const char *onednn_dense_backward_weights(onednn_dense *l, float *dw, float *db, const float *x,
                                          const float *dy);

typedef struct {
  int n, h, w, c;
  int oh, ow;
  int kh, kw, sh, sw;
  int top, left, bottom, right;
  int max, inference, input_relu;
} onednn_pool_shape;

const char *onednn_pool_new(onednn_engine *e, onednn_pool_shape s, onednn_pool **out);
const char *onednn_maxpool_forward(onednn_pool *l, float *y, const float *x);
const char *onednn_maxpool_backward(onednn_pool *l, float *dx, const float *dy, const float *y);
const char *onednn_avgpool_forward(onednn_pool *l, float *y, const float *x);
const char *onednn_avgpool_backward(onednn_pool *l, float *dx, const float *dy);

typedef struct {
  size_t rows;  // N*H*W
  int c;
  double epsilon, momentum;
  int input_relu;
  int relu;
  float max;  // of the ReLU; 0 for none
} onednn_norm_shape;

const char *onednn_norm_new(onednn_engine *e, onednn_norm_shape s, onednn_norm **out);
const char *onednn_norm_train(onednn_norm *l, float *y, const float *x, const float *gamma,
                              const float *beta, float *run_mean, float *run_var);
const char *onednn_norm_frozen(onednn_norm *l, float *y, const float *x, const float *gamma,
                               const float *beta, const float *run_mean, const float *run_var);
const char *onednn_norm_backward(onednn_norm *l, float *dx, float *dgamma, float *dbeta,
                                 const float *dy, const float *x, const float *gamma);
const char *onednn_norm_frozen_backward(onednn_norm *l, float *dx, float *dgamma, float *dbeta,
                                        const float *dy, const float *x, const float *gamma,
                                        const float *run_mean, const float *run_var);

const char *onednn_norm_pool_new(onednn_engine *e, onednn_norm_shape norm, onednn_pool_shape pool,
                                 onednn_norm_pool **out);
const char *onednn_norm_pool_train(onednn_norm_pool *l, float *y, const float *x,
                                   const float *gamma, const float *beta, float *run_mean,
                                   float *run_var);
const char *onednn_norm_pool_backward(onednn_norm_pool *l, float *dx, float *dgamma,
                                      float *dbeta, const float *dy, const float *x,
                                      const float *gamma);

const char *onednn_relu(onednn_engine *e, float *y, const float *x, size_t n, float max);
const char *onednn_relu_backward(onednn_engine *e, float *dx, const float *dy, const float *y,
                                 size_t n, float max);
const char *onednn_rescale(onednn_engine *e, float *y, const float *x, size_t n, float scale,
                           float offset);
const char *onednn_from_bytes(onednn_engine *e, float *y, const uint8_t *x, size_t n);
const char *onednn_add(onednn_engine *e, float *y, const float *a, const float *b, size_t n);
// Copies rows of width values between matrices whose rows are apart by the strides.
const char *onednn_copy_rows(onednn_engine *e, float *dst, size_t dst_stride, const float *src,
                             size_t src_stride, size_t rows, size_t width);
// Transposes n matrices: src n rows cols, dst n cols rows.
const char *onednn_transpose(onednn_engine *e, float *dst, const float *src, size_t n,
                             size_t rows, size_t cols);
const char *onednn_dropout(onednn_engine *e, float *y, const float *x, size_t n, double rate,
                           uint64_t seed);
const char *onednn_softmax(onednn_engine *e, float *y, const float *x, size_t rows, size_t k);

// The fast paths of package optim.

typedef struct {
  float rate, new_m, new_v, epsilon, keep;
} onednn_adam_step;

const char *onednn_sgd(onednn_engine *e, float *w, const float *g, size_t n, float lr);
const char *onednn_momentum(onednn_engine *e, float *w, float *v, const float *g, size_t n,
                            float lr, float momentum, int nesterov);
const char *onednn_adam(onednn_engine *e, float *w, float *m, float *v, const float *g, size_t n,
                        onednn_adam_step s);
const char *onednn_rmsprop(onednn_engine *e, float *w, float *v, const float *g, size_t n,
                           float lr, float new_v, float epsilon);
const char *onednn_adagrad(onednn_engine *e, float *w, float *v, const float *g, size_t n,
                           float lr, float epsilon);
const char *onednn_adadelta(onednn_engine *e, float *w, float *v, float *u, const float *g,
                            size_t n, float lr, float new_v, float epsilon);
const char *onednn_scale(onednn_engine *e, float *x, size_t n, float s);
const char *onednn_ema(onednn_engine *e, float *average, const float *w, size_t n, float new_w);
const char *onednn_sum_squares(onednn_engine *e, const float *x, size_t n, double *out);

#ifdef __cplusplus
}
#endif
#endif
