//go:build onednn

// Code for several instruction sets in one binary, chosen when it runs.
#ifndef FLOWERCTL_ONEDNN_VECTOR_H
#define FLOWERCTL_ONEDNN_VECTOR_H

#include <cstddef>
#include <cstdint>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

#define INLINE static inline __attribute__((always_inline))

// has_avx512 tells whether the processor can run functions marked AVX512, has_avx2
// whether it can run those of AVX2 with fused multiply-add.
#if defined(__x86_64__)
inline bool has_avx512() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq");
}
inline bool has_avx2() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }
#define AVX512 __attribute__((target("avx512f,avx512vl,avx512bw,avx512dq,fma")))
#else
inline bool has_avx512() { return false; }
#define AVX512
#endif

// Between BEGIN_TARGET and END_TARGET, everything is compiled for these features.
#define PRAGMA(x) _Pragma(#x)
#if defined(__clang__)
#define BEGIN_TARGET(features) \
  PRAGMA(clang attribute push(__attribute__((target(features))), apply_to = function))
#define END_TARGET PRAGMA(clang attribute pop)
#else
#define BEGIN_TARGET(features) PRAGMA(GCC push_options) PRAGMA(GCC target(features))
#define END_TARGET PRAGMA(GCC pop_options)
#endif

// TARGETS makes a call in the namespace of the best instruction set.
#if defined(__x86_64__)
#define TARGETS(call)     \
  if (has_avx512())       \
    avx512::call;         \
  else if (has_avx2())    \
    avx2::call;           \
  else                    \
    baseline::call
#else
#define TARGETS(call) baseline::call
#endif

// Sixteen values: one register of AVX-512.
const int lanes = 16;
typedef float Vector __attribute__((vector_size(64)));
typedef float Unaligned __attribute__((vector_size(64), aligned(4), may_alias));

// stream stores past the caches, to addresses that are multiples of 16. It is for
// results so large that the caches lose them before they are read, and saves fetching
// each line first. stream_end comes after the last of a thread.
template <class V>
INLINE void stream(float *p, const V &v) {
#if defined(__x86_64__)
  __m128 part[sizeof(V) / sizeof(__m128)];
  __builtin_memcpy(part, &v, sizeof part);
  for (size_t i = 0; i < sizeof part / sizeof part[0]; i++) _mm_stream_ps(p + 4 * i, part[i]);
#else
  __builtin_memcpy(p, &v, sizeof v);
#endif
}

INLINE void stream_end() {
#if defined(__x86_64__)
  _mm_sfence();
#endif
}

// streams tells whether a result of n values should be streamed.
inline bool streams(const float *p, size_t n) {
  const size_t large = size_t(8) << 20;  // values: 32 MB
  return n >= large && reinterpret_cast<uintptr_t>(p) % 64 == 0;
}

#endif
