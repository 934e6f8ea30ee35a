/* Vectors of 16 floats for registers of any width, and the few functions of one float that training needs.
 *
 * Every function is an IEEE 754 operation or a fixed sequence of them, so its bits are the same on every processor.
 * The compiler may split a vector, but neither fuse a product and a sum (-ffp-contract=off) nor change an order.
 */
#include <stdint.h>

typedef float v16 __attribute__((vector_size(64)));
typedef int32_t i16 __attribute__((vector_size(64)));
/* A vector in memory: tensors are aligned to their elements only. */
typedef float v16_unaligned __attribute__((vector_size(64), aligned(4)));
#define LANES 16

/* A vector as wide as a register, for code that needs all registers. No bit depends on its width. */
#if defined(__AVX512F__)
#define PART 16
#else
#define PART 8
#endif
typedef float part __attribute__((vector_size(4 * PART)));
typedef float part_unaligned __attribute__((vector_size(4 * PART), aligned(4)));

static inline v16 load(const float *from) { return *(const v16_unaligned *)from; }
static inline void store(float *to, v16 value) { *(v16_unaligned *)to = value; }
static inline v16 all(float x) { return (v16){x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x}; }
static inline v16 fma16(v16 a, v16 b, v16 c) { return __builtin_elementwise_fma(a, b, c); }
static inline v16 choose(i16 mask, v16 one, v16 other) { return (v16)((mask & (i16)one) | (~mask & (i16)other)); }

static inline part load_part(const float *from) { return *(const part_unaligned *)from; }
static inline void store_part(float *to, part value) { *(part_unaligned *)to = value; }
static inline part fma_part(part a, part b, part c) { return __builtin_elementwise_fma(a, b, c); }
static inline part all_parts(float x) { return x - (part){0}; }

/* Swap lane l and lane l ^ distance. */
#define SWAP8(x) __builtin_shufflevector(x, x, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7)
#define SWAP4(x) __builtin_shufflevector(x, x, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11)
#define SWAP2(x) __builtin_shufflevector(x, x, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13)
#define SWAP1(x) __builtin_shufflevector(x, x, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14)

/* The sum of all lanes, in every lane: lanes 8 apart are added first, then 4, 2 and 1 apart. */
static inline v16 sum_of_lanes(v16 x) {
  x += SWAP8(x);
  x += SWAP4(x);
  x += SWAP2(x);
  return x + SWAP1(x);
}

/* The same sum as one number: every step halves the width. */
static inline float sum(v16 x) {
  typedef float v8 __attribute__((vector_size(32)));
  typedef float v4 __attribute__((vector_size(16)));
  const v8 eight = __builtin_shufflevector(x, x, 0, 1, 2, 3, 4, 5, 6, 7) +
                   __builtin_shufflevector(x, x, 8, 9, 10, 11, 12, 13, 14, 15);
  const v4 four = __builtin_shufflevector(eight, eight, 0, 1, 2, 3) + __builtin_shufflevector(eight, eight, 4, 5, 6, 7);
  return (four[0] + four[2]) + (four[1] + four[3]);
}

static inline v16 largest_lane(v16 x) {
  v16 y;
  y = SWAP8(x); x = choose(x > y, x, y);
  y = SWAP4(x); x = choose(x > y, x, y);
  y = SWAP2(x); x = choose(x > y, x, y);
  y = SWAP1(x); return choose(x > y, x, y);
}

static inline i16 lowest_lane(i16 x) {
  i16 y;
  y = SWAP8(x); x = (x & (x < y)) | (y & ~(x < y));
  y = SWAP4(x); x = (x & (x < y)) | (y & ~(x < y));
  y = SWAP2(x); x = (x & (x < y)) | (y & ~(x < y));
  y = SWAP1(x); return (x & (x < y)) | (y & ~(x < y));
}

static inline int32_t bits_of(float x) { union { float real; int32_t bits; } both = {x}; return both.bits; }
static inline float real_of(int32_t x) { union { int32_t bits; float real; } both = {x}; return both.real; }
static inline float fma1(float a, float b, float c) { return __builtin_fmaf(a, b, c); }

/* e^x within 1 unit in the last place, x clamped to -87..88: below are subnormal numbers, above infinity. */
static inline float exp1(float x) {
  const float round = 12582912.0f; /* 1.5 * 2^23: adding a number to it rounds to an integer */
  x = x < -87.0f ? -87.0f : x;
  x = x > 88.0f ? 88.0f : x;
  const float shifted = fma1(x, 1.44269504f, round), n = shifted - round;
  const float r = fma1(n, 2.12194440e-4f, fma1(n, -0.693359375f, x));
  float p = fma1(1.9875691500e-4f, r, 1.3981999507e-3f);
  p = fma1(p, r, 8.3334519073e-3f);
  p = fma1(p, r, 4.1665795894e-2f);
  p = fma1(p, r, 1.6666665459e-1f);
  p = fma1(p, r, 5.0000001201e-1f);
  p = fma1(p, r * r, r) + 1.0f;
  return real_of(bits_of(p) + (int32_t)((uint32_t)(bits_of(shifted) - bits_of(round)) << 23));
}

/* ln x of a positive normal number within 1 unit in the last place. NaN if x is infinite or NaN. */
static inline float log1(float x) {
  const int32_t bits = bits_of(x);
  const float m = real_of((bits & 0x7fffff) | 0x3f800000);
  const int32_t upper = m > 1.41421356f;
  const float e = (float)((bits >> 23) - 127 + upper), f = (upper ? 0.5f * m : m) - 1.0f, square = f * f;
  float p = fma1(7.0376836292e-2f, f, -1.1514610310e-1f);
  p = fma1(p, f, 1.1676998740e-1f);
  p = fma1(p, f, -1.2420140846e-1f);
  p = fma1(p, f, 1.4249322787e-1f);
  p = fma1(p, f, -1.6668057665e-1f);
  p = fma1(p, f, 2.0000714765e-1f);
  p = fma1(p, f, -2.4999993993e-1f);
  p = fma1(p, f, 3.3333331174e-1f);
  p = fma1(p * f, square, e * -2.12194440e-4f);
  return fma1(e, 0.693359375f, f + fma1(-0.5f, square, p)) + (x - x);
}
