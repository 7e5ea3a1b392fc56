//go:build onednn

// Max-pools, for the instruction set that the processor has.
#include "onednn_loops.h"
#include "onednn_pool.h"
#include "onednn_vector.h"

#if defined(__x86_64__)
namespace avx512 {
BEGIN_TARGET("avx512f,avx512vl,avx512bw,avx512dq,fma")
#define LANES 16
#include "onednn_maxpool_loops.h"
#undef LANES
END_TARGET
}  // namespace avx512

namespace avx2 {
BEGIN_TARGET("avx2,fma")
#define LANES 8
#include "onednn_maxpool_loops.h"
#undef LANES
END_TARGET
}  // namespace avx2
#endif

namespace baseline {
#define LANES 4
#include "onednn_maxpool_loops.h"
#undef LANES
}  // namespace baseline

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
