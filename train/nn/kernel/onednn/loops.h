//go:build onednn

// What the loops of this package share. The compiler makes each for several
// instruction sets. The split of work over the threads depends on nothing but
// sizes and the number of threads, so that sums are the same every time.
#ifndef FLOWERCTL_ONEDNN_LOOPS_H
#define FLOWERCTL_ONEDNN_LOOPS_H

#include <omp.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>

// CLONES marks a function that is compiled for AVX-512, AVX2 and the baseline,
// and chosen when the program starts.
#if defined(__x86_64__) && defined(__linux__) && !defined(__clang__) && __GNUC__ >= 12
#define CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#elif defined(__x86_64__) && defined(__linux__) && !defined(__clang__)
#define CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define CLONES
#endif

// parallel calls f(begin, end) for parts of 0 <= i < n, one a thread, of whole
// multiples of unit. Under least values it stays on one thread.
template <class F>
void parallel(size_t n, size_t unit, size_t least, const F &f) {
  if (n < least) {
    f(size_t(0), n);
    return;
  }
#pragma omp parallel
  {
    const size_t threads = omp_get_num_threads(), t = omp_get_thread_num();
    const size_t units = (n + unit - 1) / unit;
    const size_t begin = units * t / threads * unit, end = units * (t + 1) / threads * unit;
    if (begin < n) f(begin, std::min(end, n));
  }
}

// Under this many values another thread costs more than it saves.
const size_t small = 1 << 13;

#endif
