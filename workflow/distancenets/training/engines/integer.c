/* Exact products of rows of floats, as 31-bit integers, with bytes; both products of the first layer are made of them.
 *
 * A float becomes PARTS signed bytes under a scale of its row. Factors come in blocks of SIDE rows (the left one) or
 * SIDE columns (the right one) by DEPTH terms of the sums, for the right one four terms side by side: as the tiles of
 * AMX hold them. Where the processor has none, plain loops find the same sums. Right blocks of zeros are left out.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define PARTS 4
#define SIDE 16
#define DEPTH 64

typedef int8_t left_block[PARTS][SIDE][DEPTH];
typedef uint8_t right_block[DEPTH / 4][SIDE][4];
typedef int32_t block_sums[PARTS][SIDE][SIDE];

static int tiles = 0;

#ifdef __AMX_INT8__
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Asks the kernel for the tile registers (ARCH_REQ_XCOMP_PERM, XTILEDATA), for this process; returns whether it may. */
int take_tiles(void) { return tiles = syscall(SYS_arch_prctl, 0x1023, 18) == 0; }

static void shape_tiles(void) {
  struct { uint8_t palette, row, reserved[14]; uint16_t bytes[16]; uint8_t rows[16]; } shape = {.palette = 1};
  for (int tile = 0; tile < 8; tile++) shape.bytes[tile] = DEPTH, shape.rows[tile] = SIDE;
  _tile_loadconfig(&shape);
}

static void release_tiles(void) { _tile_release(); }

static void sum_by_tiles(int64_t count, const int32_t *places, left_block *left, right_block *right, block_sums sums) {
  _tile_zero(0); _tile_zero(1); _tile_zero(2); _tile_zero(3);
  for (int64_t b = 0; b < count; b++) {
    int8_t(*parts)[SIDE][DEPTH] = left[places[b]];
    _tile_loadd(7, right[b], DEPTH);
    _tile_loadd(4, parts[0], DEPTH); _tile_dpbsud(0, 4, 7);
    _tile_loadd(5, parts[1], DEPTH); _tile_dpbsud(1, 5, 7);
    _tile_loadd(6, parts[2], DEPTH); _tile_dpbsud(2, 6, 7);
    _tile_loadd(4, parts[3], DEPTH); _tile_dpbsud(3, 4, 7);
  }
  _tile_stored(0, sums[0], DEPTH); _tile_stored(1, sums[1], DEPTH);
  _tile_stored(2, sums[2], DEPTH); _tile_stored(3, sums[3], DEPTH);
}
#else
int take_tiles(void) { return 0; }
static void shape_tiles(void) {}
static void release_tiles(void) {}
static void sum_by_tiles(int64_t count, const int32_t *places, left_block *left, right_block *right, block_sums sums) {
}
#endif

static void sum_by_loops(int64_t count, const int32_t *places, left_block *left, right_block *right, block_sums sums) {
  memset(sums, 0, sizeof(block_sums));
  for (int64_t b = 0; b < count; b++)
    for (int p = 0; p < PARTS; p++)
      for (int r = 0; r < SIDE; r++)
        for (int d = 0; d < DEPTH; d++) {
          const int32_t factor = left[places[b]][p][r][d];
          for (int c = 0; c < SIDE; c++) sums[p][r][c] += factor * right[b][d / 4][c][d % 4];
        }
}

static int64_t least(int64_t one, int64_t other) { return one < other ? one : other; }

static float power_of_two(int32_t biased) {
  const int32_t bits = biased << 23;
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/* The exponent bits of the largest magnitude; 255 where a number is not finite. */
static int32_t largest_exponent(int64_t columns, const float *row) {
  int32_t largest = 0;
  for (int64_t k = 0; k < columns; k++) {
    int32_t bits;
    memcpy(&bits, row + k, sizeof bits);
    bits &= INT32_MAX;
    largest = bits > largest ? bits : largest;
  }
  return largest >> 23;
}

/* Copies `count` rows of `in` into `rows`, `padded` numbers apart: column k of row r is at in[r * stride + k], or
 * + offset[k] where there are offsets. */
static void copy_rows(int64_t count, int64_t columns, int64_t stride, const float *in, const int32_t *offset,
                      int64_t padded, float *rows) {
  if (offset)
    for (int64_t k = 0; k < columns; k++)
      for (int64_t r = 0; r < count; r++) rows[r * padded + k] = in[r * stride + offset[k]];
  else
    for (int64_t r = 0; r < count; r++) memcpy(rows + r * padded, in + r * stride, columns * sizeof *rows);
}

/* Splits `depth` blocks of a row; returns the sum of its integers. */
static int64_t split_row(int64_t depth, const float *row, float scale, int64_t side, left_block *out) {
  int64_t sum = 0;
  for (int64_t k = 0; k < depth; k++) {
    int32_t numbers[DEPTH];
    uint32_t digits[DEPTH];
    for (int d = 0; d < DEPTH; d++) numbers[d] = (int32_t)rintf(row[DEPTH * k + d] * scale);
    for (int d = 0; d < DEPTH; d++) sum += numbers[d];
    /* Digits of 0 to 255 become such of -128 to 127, the last carry going into the highest one. */
    for (int d = 0; d < DEPTH; d++) digits[d] = ((uint32_t)numbers[d] + 0x808080) ^ 0x808080;
    for (int p = 0; p < PARTS; p++)
      for (int d = 0; d < DEPTH; d++) out[k][p][side][d] = (int8_t)(digits[d] >> 8 * p);
  }
  return sum;
}

/* Splits rows first <= r < last of `in`, laid out as for `copy_rows`. Its integers are below 2^30 and stand for
 * units[r] each; sums[r] is the sum of the row. Returns 0, or 1 where there is no memory. */
int split(int64_t first, int64_t last, int64_t columns, int64_t stride, const float *in, const int32_t *offset,
          left_block *out, float *units, float *sums) {
  const int64_t depth = (columns + DEPTH - 1) / DEPTH, padded = DEPTH * depth;
  /* Rows with offsets lie side by side, and share what is read; others are read one by one. */
  const int64_t most = offset ? SIDE : 1;
  float *rows = calloc(most * padded, sizeof *rows);
  if (!rows) return 1;
  for (int64_t r = first; r < last; r += most) {
    const int64_t count = least(most, last - r);
    copy_rows(count, columns, stride, in + r * stride, offset, padded, rows);
    for (int64_t i = 0; i < count; i++) {
      const int32_t exponent = largest_exponent(columns, rows + i * padded);
      /* The unit of a row of still smaller numbers would not be a normal one. */
      const int32_t kept = exponent < 30 ? 30 : exponent;
      const float scale = power_of_two(2 * 127 + 29 - kept), unit = exponent == 255 ? NAN : power_of_two(kept - 29);
      left_block *blocks = out + (r + i) / SIDE * depth;
      units[r + i] = unit;
      sums[r + i] = (float)split_row(depth, rows + i * padded, scale, (r + i) % SIDE, blocks) * unit;
    }
  }
  free(rows);
  return 0;
}

static void join(block_sums sums, const float *units, float out[SIDE][SIDE]) {
  for (int r = 0; r < SIDE; r++)
    for (int c = 0; c < SIDE; c++) {
      const float high = (float)sums[3][r][c] * 256 + (float)sums[2][r][c];
      const float low = (float)sums[1][r][c] * 256 + (float)sums[0][r][c];
      out[r][c] = (high * 65536 + low) * units[r];
    }
}

/* Multiplies row blocks first <= m < last of `left`, `depth` of them a sum, with all columns of `right`: block columns n
 * have the blocks starts[n] <= b < starts[n + 1], block b at places[b] of a sum.
 * With a bias, one number a row, `out`, rows x columns, is set. Without, the product's column c is added to row
 * index[c] of `out`, whose rows are `rows` long. */
void multiply(int64_t first, int64_t last, int64_t rows, int64_t columns, int64_t depth, left_block *left,
              right_block *right, const int32_t *starts, const int32_t *places, const float *units, const float *bias,
              const int32_t *index, float *out) {
  if (tiles) shape_tiles();
  for (int64_t m = first; m < last; m++)
    for (int64_t n = 0; n * SIDE < columns; n++) {
      const int64_t r = m * SIDE, c = n * SIDE, height = least(SIDE, rows - r), width = least(SIDE, columns - c);
      const int64_t start = starts[n], count = starts[n + 1] - start;
      block_sums sums __attribute__((aligned(64)));
      float block[SIDE][SIDE];
      (tiles ? sum_by_tiles : sum_by_loops)(count, places + start, left + m * depth, right + start, sums);
      join(sums, units + r, block);
      if (bias)
        for (int64_t i = 0; i < height; i++)
          for (int64_t j = 0; j < width; j++) out[(r + i) * columns + c + j] = bias[r + i] + block[i][j];
      else
        for (int64_t j = 0; j < width; j++)
          for (int64_t i = 0; i < height; i++) out[index[c + j] * rows + r + i] += block[i][j];
    }
  if (tiles) release_tiles();
}
