//go:build onednn

// Compiles the file that LOOPS names once for each instruction set, each in a
// namespace of its own, for TARGETS to choose from. No include guard: a source file
// may have several.
#include "vector.h"

#if defined(__x86_64__)
namespace avx512 {
BEGIN_TARGET("avx512f,avx512vl,avx512bw,avx512dq,fma")
#define LANES 16
#include LOOPS
#undef LANES
END_TARGET
}  // namespace avx512

namespace avx2 {
BEGIN_TARGET("avx2,fma")
#define LANES 8
#include LOOPS
#undef LANES
END_TARGET
}  // namespace avx2
#endif

namespace baseline {
#define LANES 4
#include LOOPS
#undef LANES
}  // namespace baseline

#undef LOOPS
