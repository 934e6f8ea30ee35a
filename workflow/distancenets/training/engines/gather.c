/* Adds to each row of `out` a weighted sum of rows of `in`; both products of the first layer are this one.
 *
 * With a `bias`, one number a column, `out` is width x rows, and set to the transposed sums plus bias: as the layers
 * behind want it, without another pass over memory. Without one, row r of the sums goes to row place[r] of `out`.
 *
 * Rows of `out` come in tiles of TILE. Tile t lists the rows of `in` that any of its own needs, index[k] for
 * start[t] <= k < start[t + 1], with TILE values each. TILE * BLOCK sums stay in registers, and each row read from
 * `in` serves TILE rows of `out`.
 *
 * `width`, the columns of both, is a multiple of `columns`. `in` is laid out in blocks of that many columns, `height`
 * rows each, so that what neighbouring tiles read lies together and stays in the nearest cache. For the same reason,
 * and so that its values are made REALs once for all blocks, a group of GROUP tiles goes through all blocks at a time.
 *
 * Returns 0, or 1 where there is no memory for a group's values.
 */
#include <stdint.h>
#include <stdlib.h>

#if defined(__AVX512F__)
#define BYTES 64
#define BLOCK 4
#elif defined(__AVX__)
#define BYTES 32
#define BLOCK 2
#else
#define BYTES 16
#define BLOCK 2
#endif
#define LANES ((int64_t)(BYTES / sizeof(REAL)))
#define GROUP 16

typedef REAL vector __attribute__((vector_size(BYTES), aligned(sizeof(REAL))));

const int64_t columns = BLOCK * LANES;
const int64_t tile = TILE;

static int64_t end_of_group(int64_t t, int64_t last) { return t + GROUP < last ? t + GROUP : last; }

static inline void store_transposed(const REAL *sum, const REAL *bias, int64_t rows, int64_t kept, REAL *out) {
  for (int64_t j = 0; j < columns; j++)
    for (int64_t r = 0; r < kept; r++) out[j * rows + r] = bias[j] + sum[r * columns + j];
}

int gather(int64_t first, int64_t last, int64_t rows, int64_t width, int64_t height, const int32_t *start,
           const int32_t *index, const uint8_t *value, const int32_t *place, const REAL *in, const REAL *bias,
           REAL *out) {
  int64_t most = 1;
  for (int64_t g = first; g < last; g += GROUP) {
    int64_t entries = start[end_of_group(g, last)] - start[g];
    if (entries > most) most = entries;
  }
  REAL *weight = malloc(TILE * most * sizeof(REAL));
  if (!weight) return 1;

  for (int64_t g = first; g < last; g += GROUP) {
    const int64_t end = end_of_group(g, last), offset = start[g];
    for (int64_t i = 0; i < TILE * (start[end] - offset); i++) weight[i] = (REAL)value[TILE * offset + i];
    for (int64_t c = 0; c < width; c += columns)
      for (int64_t t = g; t < end; t++) {
        vector sum[TILE][BLOCK] = {0};
        for (int64_t k = start[t]; k < start[t + 1]; k++) {
          vector source[BLOCK];
          for (int b = 0; b < BLOCK; b++)
            source[b] = *(const vector *)(in + c * height + index[k] * columns + LANES * b);
          /* In this order one weight is held at a time: with 16 registers, no sum has to leave its own. */
          for (int r = 0; r < TILE; r++)
            for (int b = 0; b < BLOCK; b++) sum[r][b] += weight[TILE * (k - offset) + r] * source[b];
        }
        const int64_t left = rows - TILE * t;
        if (bias && left >= TILE)
          store_transposed((const REAL *)sum, bias + c, rows, TILE, out + c * rows + TILE * t);
        else if (bias)
          store_transposed((const REAL *)sum, bias + c, rows, left, out + c * rows + TILE * t);
        else
          for (int r = 0; r < TILE && r < left; r++)
            for (int b = 0; b < BLOCK; b++)
              *(vector *)(out + place[TILE * t + r] * width + c + LANES * b) += sum[r][b];
      }
  }
  free(weight);
  return 0;
}

/* Lays blocks first <= b < last of `in`, width x height, out as `gather` reads it: transposed. */
void lay_out(int64_t first, int64_t last, int64_t height, const REAL *in, REAL *out) {
  for (int64_t b = first; b < last; b++)
    for (int64_t k = 0; k < height; k++)
      for (int64_t j = 0; j < columns; j++)
        out[(b * height + k) * columns + j] = in[(b * columns + j) * height + k];
}
