// The two passes of a resize with AVX2: the same pixels as resize_go.go.
//
// Weights come in words of 32 bits for two taps each: first a word with the low
// halves of both weights, then a word with the high halves.

#ifndef FLOWERCTL_RESIZE_AVX2_H
#define FLOWERCTL_RESIZE_AVX2_H

#include <stdint.h>

// flowerctl_across resizes the rows a and b to n pixels each, in to_a and to_b.
// Pixel i is made of count[i] pixels from first[i] on; pairs is the number of
// pairs of weights of a pixel. It reads up to 5 bytes beyond the end of a and b,
// and writes one byte beyond the end of to_a and to_b.
void flowerctl_across(uint8_t *to_a, uint8_t *to_b, const uint8_t *a, const uint8_t *b, int n,
                      const int32_t *first, const int32_t *count, const int32_t *weights,
                      int pairs);

// flowerctl_down writes n bytes to dst: the weighted sum of count rows from row
// first on, taken from a ring of rows that are stride bytes apart. It reads up to
// 15 bytes beyond the end of a row.
void flowerctl_down(uint8_t *dst, int n, const uint8_t *ring, int stride, int rows, int first,
                    int count, const int32_t *weights);

#endif
