/* Adds to each row of `out` a weighted sum of rows of `in`; both products of the first layer are this one.
 *
 * Rows of `out` come in tiles of TILE. Tile t lists the rows of `in` that any of its own needs, index[k] for
 * start[t] <= k < start[t + 1], with TILE values each. `width`, the columns of both, is a multiple of BLOCK * LANES.
 * TILE * BLOCK sums stay in registers, and each row read from `in` serves TILE rows of `out`.
 */
#include <stdint.h>

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

typedef REAL vector __attribute__((vector_size(BYTES), aligned(sizeof(REAL))));

const int64_t columns = BLOCK * LANES;
const int64_t tile = TILE;

void gather(int64_t first, int64_t last, int64_t rows, int64_t width, const int32_t *start, const int32_t *index,
            const uint8_t *value, const REAL *in, REAL *out) {
  for (int64_t c = 0; c < width; c += columns)
    for (int64_t t = first; t < last; t++) {
      vector sum[TILE][BLOCK] = {0};
      for (int64_t k = start[t]; k < start[t + 1]; k++) {
        const REAL *source = in + index[k] * width + c;
        for (int b = 0; b < BLOCK; b++)
          for (int r = 0; r < TILE; r++) sum[r][b] += (REAL)value[TILE * k + r] * *(const vector *)(source + LANES * b);
      }
      for (int r = 0; r < TILE && TILE * t + r < rows; r++)
        for (int b = 0; b < BLOCK; b++) *(vector *)(out + (TILE * t + r) * width + c + LANES * b) += sum[r][b];
    }
}
