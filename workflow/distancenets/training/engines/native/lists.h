/* The nonzero entries of a matrix of bytes, by tiles of rows, and the product that both passes use. */
#include "vectors.h"

/* Rows per tile, which share what they read: fewer mean more reading, more mean more zeros. No bit depends on it. */
#define TILE 3
/* Images that go through the network together, while their features stay in the nearest cache. Sums over images are
 * made group by group, so the bits depend on it. */
#define GROUP 24
/* Tiles whose values are converted to floats at a time. */
#define TILES (GROUP / TILE)
/* The widest panel of a matrix, whose TILE sums fill the registers. */
#if defined(__AVX512F__)
#define WIDEST 128
#elif defined(__aarch64__)
#define WIDEST 64
#else
#define WIDEST 32
#endif
const int64_t tile = TILE, tiles_at_a_time = TILES, widest = WIDEST;

/* Tile t has the entries start[t] <= k < start[t + 1]: in column index[k], row r has value[TILE * k + r]. Columns
 * ascend, so every sum over them has one order. A zero beside a neighbour's nonzero entry adds exactly 0. */
typedef struct {
  const int32_t *start;
  const uint16_t *index;
  const uint8_t *value;
} lists;

/* Lists the entries of `matrix`, `columns` bytes per row. Row r of tile t is its row place[TILE * t + r], or `zeros` if
 * that is negative. The arrays have room for one more entry than needed. */
void list_entries(int64_t tiles, int64_t columns, const uint8_t *matrix, const int64_t *place, const uint8_t *zeros,
                  int32_t *start, uint16_t *index, uint8_t *value) {
  int64_t count = 0;
  for (int64_t t = 0; t < tiles; t++) {
    const uint8_t *rows[TILE];
    for (int r = 0; r < TILE; r++) {
      const int64_t row = place[TILE * t + r];
      rows[r] = row < 0 ? zeros : matrix + row * columns;
    }
    start[t] = (int32_t)count;
    for (int64_t column = 0; column < columns; column++) {
      index[count] = (uint16_t)column;
      for (int r = 0; r < TILE; r++) value[TILE * count + r] = rows[r][column];
      count += (rows[0][column] | rows[1][column] | rows[2][column]) != 0;
    }
  }
  start[tiles] = (int32_t)count;
}

/* The values of `count` tiles from the first on, as floats. */
static void values_of(const lists *of, int64_t first, int64_t count, float *values) {
  const int64_t from = of->start[first], entries = of->start[first + count] - from;
  for (int64_t i = 0; i < TILE * entries; i++) values[i] = (float)of->value[TILE * from + i];
}

/* Sets TILE sums over `columns` columns: the rows of `panel` that a tile's entries name, times the entries' values. */
__attribute__((always_inline)) static inline void add_rows(int columns, int64_t entries, const uint16_t *index,
                                                           const float *value, const float *panel,
                                                           part sums[TILE][WIDEST / PART]) {
  for (int r = 0; r < TILE; r++)
    for (int c = 0; c < columns / PART; c++) sums[r][c] = all_parts(0);
  for (int64_t k = 0; k < entries; k++) {
    const float *row = panel + (int64_t)index[k] * columns;
    const part one = all_parts(value[TILE * k]), two = all_parts(value[TILE * k + 1]);
    const part three = all_parts(value[TILE * k + 2]);
#pragma clang loop unroll(full)
    for (int c = 0; c < columns / PART; c++) {
      const part source = load_part(row + PART * c);
      sums[0][c] = fma_part(one, source, sums[0][c]);
      sums[1][c] = fma_part(two, source, sums[1][c]);
      sums[2][c] = fma_part(three, source, sums[2][c]);
    }
  }
}

/* A panel's width as a constant, so that its sums stay in registers. */
#define WITH_CONSTANT_COLUMNS(columns, function, ...)    \
  switch (columns) {                                     \
    case 16: function(16, __VA_ARGS__); break;           \
    case 32: function(32, __VA_ARGS__); break;           \
    case 64: function(WIDEST < 64 ? WIDEST : 64, __VA_ARGS__); break; \
    default: function(WIDEST, __VA_ARGS__);              \
  }
