//go:build onednn

// Vectors of LANES values. Code for several instruction sets includes this once for
// each, inside a namespace and a target; it must not call functions of the library,
// which the linker would merge with those for other sets.

typedef float Vector __attribute__((vector_size(4 * LANES)));
typedef float Unaligned __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
typedef int32_t Ints __attribute__((vector_size(4 * LANES)));

// load and store move the first n of LANES values.
INLINE void load(Vector &v, const float *p, int n) {
  if (n == LANES) {
    v = *(const Unaligned *)p;
    return;
  }
  v = Vector{};
  __builtin_memcpy(&v, p, n * sizeof(float));
}

INLINE void store(float *p, const Vector &v, int n) {
  if (n == LANES)
    *(Unaligned *)p = v;
  else
    __builtin_memcpy(p, &v, n * sizeof(float));
}
