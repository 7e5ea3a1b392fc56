//go:build onednn

// Max-pools of the input or of its batch normalisation, for the instruction set of the
// processor.
#include "loops.h"
#include "norm.h"
#include "pool.h"

#define LOOPS "maxpool_loops.h"
#include "targets.h"

const char *onednn_maxpool_forward(onednn_pool *l, float *y, const float *x) {
  return l->engine.call([=] {
    const auto &s = l->s;
    uint8_t *winner = l->winner.get();
    const size_t rows = size_t(s.n) * s.oh;
    parallel(rows, 1, small / (size_t(s.ow) * s.c) + 1, [&](size_t begin, size_t end) {
      TARGETS(max_forward(s, y, winner, l->wide, x, begin, end));
    });
  });
}

const char *onednn_maxpool_backward(onednn_pool *l, float *dx, const float *dy, const float *y) {
  return l->engine.call([=] {
    const auto &s = l->s;
    const size_t rows = size_t(s.n) * s.h, row = size_t(s.w) * s.c;
    const bool streamed = s.c % 16 == 0 && streams(dx, rows * row);
    parallel(rows, 1, small / row + 1, [&](size_t begin, size_t end) {
      TARGETS(max_backward(*l, dx, dy, y, begin, end, streamed));
    });
  });
}

// onednn_norm_pool normalises by the batch and pools, and never writes the normalised
// values. Backward needs the input values of the maxima.
struct onednn_norm_pool : Layer {
  onednn_norm_pool(onednn_engine &e, const std::pair<onednn_norm_shape, onednn_pool_shape> &s)
      : Layer(e), norm(e, s.first), pool(e, s.second), won(new float[outputs()]) {}

  size_t outputs() const { return size_t(pool.s.n) * pool.s.oh * pool.s.ow * pool.s.c; }

  onednn_norm norm;
  onednn_pool pool;
  std::unique_ptr<float[]> won;
};

const char *onednn_norm_pool_new(onednn_engine *e, onednn_norm_shape norm, onednn_pool_shape pool,
                                 onednn_norm_pool **out) {
  return e->add(std::make_pair(norm, pool), out);
}

const char *onednn_norm_pool_train(onednn_norm_pool *l, float *y, const float *x,
                                   const float *gamma, const float *beta, float *run_mean,
                                   float *run_var) {
  return l->engine.call([=] {
    const auto &s = l->pool.s;
    l->norm.of_batch(x, gamma, beta, run_mean, run_var);
    const size_t rows = size_t(s.n) * s.oh;
    parallel(rows, 1, small / (size_t(s.ow) * s.c) + 1, [&](size_t begin, size_t end) {
      TARGETS(norm_pool_forward(l->pool, l->norm, y, l->won.get(), x, begin, end));
    });
  });
}

const char *onednn_norm_pool_backward(onednn_norm_pool *l, float *dx, float *dgamma,
                                      float *dbeta, const float *dy, const float *x,
                                      const float *gamma) {
  return l->engine.call([=] {
    const auto &s = l->pool.s;
    onednn_norm &m = l->norm;
    m.gradients(dgamma, dbeta, dy, l->won.get(), l->outputs() / s.c, gamma, m.mean.data(),
                m.inverse.data(), true);
    const size_t rows = size_t(s.n) * s.h, row = size_t(s.w) * s.c;
    const bool streamed = s.c % 16 == 0 && streams(dx, rows * row);
    parallel(rows, 1, small / row + 1, [&](size_t begin, size_t end) {
      TARGETS(norm_pool_backward(l->pool, m, dx, dy, x, begin, end, streamed));
    });
  });
}
