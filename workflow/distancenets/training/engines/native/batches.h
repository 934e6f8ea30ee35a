/* Mini-batches: any rows of the images, listed anew for each pass, one batch after another. */

/* The images as bytes, `inputs` each, and as nonzero bits: bit k % 64 of word k / 64, `words` each. One additional
 * image, behind the last, is all 0. */
typedef struct {
  int64_t count, inputs, words;
  const uint8_t *bytes;
  const uint64_t *nonzero;
} pictures;

/* The lists of a network's batches: by image, and by pixel for up to `rows` images of a chunk at a time. */
typedef struct {
  lists by_image, by_pixel;
  const int64_t *place;   /* the pixels in tiles, a negative one if a tile is not full */
  uint64_t *turned;       /* words * 64 x rows / 64: the images' bits, pixel by pixel */
  int64_t rows;           /* a multiple of 64 */
} listing;

#define BITS 64

/* Finds the nonzero bits of `count` rows of `inputs` bytes. */
void find_nonzero(int64_t count, int64_t inputs, int64_t words, const uint8_t *bytes, uint64_t *nonzero) {
  for (int64_t i = 0; i < count; i++)
    for (int64_t w = 0; w < words; w++) {
      uint64_t bits = 0;
      for (int64_t k = BITS * w; k < BITS * (w + 1) && k < inputs; k++)
        bits |= (uint64_t)(bytes[i * inputs + k] != 0) << k % BITS;
      nonzero[i * words + w] = bits;
    }
}

/* Sets the next entry of `to`, in column `index`, to the bytes at `offset` of a tile's rows. */
static inline void put(const lists *to, int64_t entry, int64_t index, const uint8_t *const rows[TILE],
                       const int64_t offset[TILE]) {
  ((uint16_t *)to->index)[entry] = (uint16_t)index;
  for (int r = 0; r < TILE; r++) ((uint8_t *)to->value)[TILE * entry + r] = rows[r][offset[r]];
}

/* Lists the rows `order` of `images` in tiles, filled up with rows of zeros to a whole group. */
static void list_images(const pictures *images, int64_t count, const int64_t *order, const lists *to) {
  int32_t *start = (int32_t *)to->start;
  const int64_t tiles = (count + GROUP - 1) / GROUP * TILES;
  int64_t entries = 0;
  for (int64_t t = 0; t < tiles; t++) {
    const uint8_t *rows[TILE];
    const uint64_t *nonzero[TILE];
    for (int r = 0; r < TILE; r++) {
      const int64_t row = TILE * t + r < count ? order[TILE * t + r] : images->count;
      rows[r] = images->bytes + row * images->inputs;
      nonzero[r] = images->nonzero + row * images->words;
    }
    start[t] = (int32_t)entries;
    for (int64_t w = 0; w < images->words; w++)
      for (uint64_t bits = nonzero[0][w] | nonzero[1][w] | nonzero[2][w]; bits; bits &= bits - 1) {
        const int64_t k = BITS * w + __builtin_ctzll(bits);
        put(to, entries++, k, rows, (int64_t[TILE]){k, k, k});
      }
  }
  start[tiles] = (int32_t)entries;
}

/* Bit b of word a becomes bit a of word b: halves of each square of bits are swapped, then quarters, and so on. */
static void transpose(uint64_t square[BITS]) {
  uint64_t mask = 0xffffffff;
  for (int64_t j = BITS / 2; j; j >>= 1, mask ^= mask << j)
    for (int64_t k = 0; k < BITS; k = ((k | j) + 1) & ~j) {
      const uint64_t moved = (square[k] >> j ^ square[k | j]) & mask;
      square[k | j] ^= moved;
      square[k] ^= moved << j;
    }
}

/* Finds which of `count` rows are not 0 at each pixel. */
static void turn(const pictures *images, int64_t count, const int64_t *order, const listing *to) {
  for (int64_t i = 0; i < to->rows; i += BITS)
    for (int64_t w = 0; w < images->words; w++) {
      uint64_t square[BITS];
      for (int64_t r = 0; r < BITS; r++)
        square[r] = images->nonzero[(i + r < count ? order[i + r] : images->count) * images->words + w];
      transpose(square);
      for (int64_t k = 0; k < BITS; k++) to->turned[(BITS * w + k) * (to->rows / BITS) + i / BITS] = square[k];
    }
}

/* Lists the pixels of `count` rows in tiles. */
static void list_pixels(const pictures *images, int64_t count, const int64_t *order, const listing *to, int64_t tiles) {
  int32_t *start = (int32_t *)to->by_pixel.start;
  const int64_t words = to->rows / BITS;
  int64_t entries = 0;
  turn(images, count, order, to);
  for (int64_t t = 0; t < tiles; t++) {
    int64_t place[TILE];
    for (int r = 0; r < TILE; r++) place[r] = to->place[TILE * t + r];
    const int whole = place[TILE - 1] >= 0;
    start[t] = (int32_t)entries;
    for (int64_t w = 0; w < words; w++) {
      uint64_t bits = 0;
      for (int r = 0; r < TILE; r++) bits |= place[r] < 0 ? 0 : to->turned[place[r] * words + w];
      for (; bits; bits &= bits - 1, entries++) {
        const int64_t i = BITS * w + __builtin_ctzll(bits);
        const uint8_t *row = images->bytes + order[i] * images->inputs;
        if (whole)
          put(&to->by_pixel, entries, i, (const uint8_t *[TILE]){row, row, row}, place);
        else {
          ((uint16_t *)to->by_pixel.index)[entries] = (uint16_t)i;
          uint8_t *value = (uint8_t *)to->by_pixel.value + TILE * entries;
          for (int r = 0; r < TILE; r++) value[r] = place[r] < 0 ? 0 : row[place[r]];
        }
      }
    }
  }
  start[tiles] = (int32_t)entries;
}
