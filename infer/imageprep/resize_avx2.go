//go:build cgo && amd64

package imageprep

/*
#cgo CFLAGS: -O2
#cgo noescape flowerctl_across
#cgo nocallback flowerctl_across
#cgo noescape flowerctl_down
#cgo nocallback flowerctl_down
#include <immintrin.h>
#include <stdint.h>
#include <string.h>

#define AVX2 __attribute__((target("avx2")))

enum { bits = 22, low = 11 }; // weightBits, lowBits

// Sums of the weights' halves as eight pixels, rounded; above 255 is left to the
// saturation of the packing.
AVX2 static inline __m256i rounded(__m256i lows, __m256i highs) {
	__m256i sum = _mm256_add_epi32(lows, _mm256_slli_epi32(highs, low));
	return _mm256_srli_epi32(_mm256_add_epi32(sum, _mm256_set1_epi32(1 << (bits - 1))), bits);
}

// Resizes the rows a and b to n pixels, one in each half of the registers.
// Reads up to 5 bytes behind the rows, and writes one behind theirs.
AVX2 static void flowerctl_across(uint8_t *to_a, uint8_t *to_b, const uint8_t *a, const uint8_t *b, int n,
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

// Adds up count rows of a ring, from first on, 16 bytes at a time. Reads up to 15
// bytes behind the rows.
AVX2 static void flowerctl_down(uint8_t *dst, int n, const uint8_t *ring, int stride, int rows, int first,
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
*/
import "C"

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

// vectors says whether [resampleVectors] can run.
var vectors = cpu.X86.HasAVX2

// lowBits is where a weight is cut in two, so that both halves fit the 16 bits
// that AVX2 multiplies and adds up in pairs. Nothing is rounded by that.
const lowBits = weightBits / 2

// halved are the weights for [C.flowerctl_across] and down: of two taps, the low
// halves in one word and the high halves in the next; an odd last tap gets a
// neighbour of weight 0.
func (t *taps) halved() (weights []int32, pairs int) {
	pairs = (t.width + 1) / 2
	weights = make([]int32, 2*pairs*len(t.first))
	for i := range t.first {
		for k, w := range t.weights[i*t.width:][:t.count[i]] {
			to := weights[2*(i*pairs+k/2):]
			to[0] |= int32(w&(1<<lowBits-1)) << (16 * (k & 1))
			to[1] |= int32(w>>lowBits) << (16 * (k & 1))
		}
	}
	return weights, pairs
}

// resampleVectors is [resample] with AVX2: the same pixels.
func resampleVectors(row rowReader, across, down span) Image {
	const spare = 16 // bytes behind each row
	horizontal, vertical := newTaps(across), newTaps(down)
	acrossWeights, acrossPairs := horizontal.halved()
	downWeights, downPairs := vertical.halved()
	width := 3 * across.from
	first, second := make([]uint8, width+spare), make([]uint8, width+spare)
	n, rows := 3*across.n, vertical.width+1
	stride := n + spare
	ring := make([]uint8, stride*rows)
	out := newImage(across.n, down.n)
	next := int(vertical.first[0])
	for y := range down.n {
		at, count := int(vertical.first[y]), int(vertical.count[y])
		for ; next < at+count; next += 2 {
			row(next, first[:width])
			if next+1 < down.from {
				row(next+1, second[:width])
			}
			C.flowerctl_across(octets(ring[next%rows*stride:]), octets(ring[(next+1)%rows*stride:]),
				octets(first), octets(second), C.int(across.n), words(horizontal.first), words(horizontal.count),
				words(acrossWeights), C.int(acrossPairs))
		}
		C.flowerctl_down(octets(out.Pix[n*y:]), C.int(n), octets(ring), C.int(stride), C.int(rows), C.int(at),
			C.int(count), words(downWeights[2*y*downPairs:]))
	}
	return out
}

func octets(b []uint8) *C.uint8_t { return (*C.uint8_t)(unsafe.Pointer(&b[0])) }
func words(w []int32) *C.int32_t  { return (*C.int32_t)(unsafe.Pointer(&w[0])) }
