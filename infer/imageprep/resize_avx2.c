//go:build cgo && amd64

#include "resize_avx2.h"

#include <immintrin.h>
#include <string.h>

#define AVX2 __attribute__((target("avx2")))

enum { bits = 22, low = 11 }; // weightBits in resize.go, lowBits in resize_avx2.go

// rounded adds the sums of both halves of the weights and rounds them to eight
// pixels. The saturating pack that follows takes care of values above 255.
AVX2 static inline __m256i rounded(__m256i lows, __m256i highs) {
	__m256i sum = _mm256_add_epi32(lows, _mm256_slli_epi32(highs, low));
	return _mm256_srli_epi32(_mm256_add_epi32(sum, _mm256_set1_epi32(1 << (bits - 1))), bits);
}

AVX2 void flowerctl_across(uint8_t *to_a, uint8_t *to_b, const uint8_t *a, const uint8_t *b, int n,
                                  const int32_t *first, const int32_t *count, const int32_t *weights, int pairs) {
	const __m128i channels = _mm_setr_epi8(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1);
	const __m256i each = _mm256_broadcastsi128_si256(channels);
	for (int i = 0; i < n; i++, weights += 2 * pairs) {
		__m256i lows = _mm256_setzero_si256(), highs = lows;
		int64_t at = 3 * (int64_t)first[i];
		for (int k = 0; k < (count[i] + 1) / 2; k++, at += 6) {
			__m256i px = _mm256_castsi128_si256(_mm_loadl_epi64((const __m128i *)(a + at)));
			px = _mm256_inserti128_si256(px, _mm_loadl_epi64((const __m128i *)(b + at)), 1);
			px = _mm256_shuffle_epi8(px, each);
			lows = _mm256_add_epi32(lows, _mm256_madd_epi16(px, _mm256_set1_epi32(weights[2 * k])));
			highs = _mm256_add_epi32(highs, _mm256_madd_epi16(px, _mm256_set1_epi32(weights[2 * k + 1])));
		}
		__m256i px = rounded(lows, highs);
		px = _mm256_packus_epi32(px, px);
		px = _mm256_packus_epi16(px, px);
		int32_t pa = _mm256_extract_epi32(px, 0), pb = _mm256_extract_epi32(px, 4);
		memcpy(to_a + 3 * i, &pa, 4);
		memcpy(to_b + 3 * i, &pb, 4);
	}
}

AVX2 void flowerctl_down(uint8_t *dst, int n, const uint8_t *ring, int stride, int rows, int first,
                                int count, const int32_t *weights) {
	for (int i = 0; i < n; i += 16) {
		__m256i low0 = _mm256_setzero_si256(), low1 = low0, high0 = low0, high1 = low0;
		for (int k = 0; k < count; k += 2) {
			int second = k + 1 < count ? k + 1 : k; // of weight 0 where there is none
			__m128i a = _mm_loadu_si128((const __m128i *)(ring + (int64_t)((first + k) % rows) * stride + i));
			__m128i b = _mm_loadu_si128((const __m128i *)(ring + (int64_t)((first + second) % rows) * stride + i));
			__m256i px0 = _mm256_cvtepu8_epi16(_mm_unpacklo_epi8(a, b));
			__m256i px1 = _mm256_cvtepu8_epi16(_mm_unpackhi_epi8(a, b));
			__m256i w = _mm256_set1_epi32(weights[k]);
			low0 = _mm256_add_epi32(low0, _mm256_madd_epi16(px0, w));
			low1 = _mm256_add_epi32(low1, _mm256_madd_epi16(px1, w));
			w = _mm256_set1_epi32(weights[k + 1]);
			high0 = _mm256_add_epi32(high0, _mm256_madd_epi16(px0, w));
			high1 = _mm256_add_epi32(high1, _mm256_madd_epi16(px1, w));
		}
		__m256i px = _mm256_packus_epi32(rounded(low0, high0), rounded(low1, high1));
		px = _mm256_permute4x64_epi64(px, 0xd8); // packing goes by halves of the registers
		__m128i out = _mm_packus_epi16(_mm256_castsi256_si128(px), _mm256_extracti128_si256(px, 1));
		if (n - i >= 16) {
			_mm_storeu_si128((__m128i *)(dst + i), out);
		} else {
			uint8_t rest[16];
			_mm_storeu_si128((__m128i *)rest, out);
			memcpy(dst + i, rest, n - i);
		}
	}
}
