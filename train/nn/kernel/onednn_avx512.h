//go:build onednn

// What our AVX-512 kernels share. They are chosen when the program runs, so that
// one binary works on every processor of its architecture.
#ifndef FLOWERCTL_ONEDNN_AVX512_H
#define FLOWERCTL_ONEDNN_AVX512_H

// has_avx512 tells whether the processor can run functions marked AVX512.
#if defined(__x86_64__)
inline bool has_avx512() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq");
}
#define AVX512 __attribute__((target("avx512f,avx512vl,avx512bw,avx512dq,fma")))
#else
inline bool has_avx512() { return false; }
#define AVX512
#endif

const int lanes = 16;
typedef float Vector __attribute__((vector_size(64)));
typedef float Unaligned __attribute__((vector_size(64), aligned(4), may_alias));

#endif
