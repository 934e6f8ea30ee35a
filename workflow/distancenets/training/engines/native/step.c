/* One network's forward and backward pass over images, the gradients of all its parameters, and a gradient step.
 *
 * Every sum has one order. An image's pixels are added in ascending order. A tree (`sum`) joins 16 partial sums
 * over a head's features. The head sums over the images of a group one by one, then over a block's groups, then
 * over the blocks in double precision. The first layer sums over the images of a chunk, then over the chunks. So no bit
 * depends on threads, registers or caches, or on other networks that are trained.
 */
#include "heads.h"
#include "batches.h"
#include "optimisers.h"

/* Images per row of block sums: a multiple of GROUP. */
#define BLOCK 240
const int64_t group = GROUP, block = BLOCK;

/* A thread's memory. */
typedef struct {
  float *values;    /* TILE * TILES * the entries that a tile can have */
  float *z, *h, *d; /* GROUP x width each */
} scratch;

/* Makes the calling thread round to nearest and keep subnormal numbers, whatever its settings: bits depend on both. */
void plain_arithmetic(void) {
#if defined(__x86_64__)
  __builtin_ia32_ldmxcsr(0x1f80);
#elif defined(__aarch64__)
  __builtin_arm_wsr64("fpcr", 0);
#endif
}

/* The length of a row of block sums: head, scales, offset and bias, one behind the other. */
int64_t row_length(const network *net) { return (2 * CLASSES + 1) * net->width + LANES; }

/* The bias with the pixels' shift folded in: b + shift * (sum of the weights over the inputs). */
void fold_bias(const network *net, float *folded) {
  for (int64_t j = 0; j < net->width; j += LANES) {
    const float *column = net->parameters.weight + j / net->columns * net->columns * net->inputs + j % net->columns;
    double total[LANES] = {0};
    for (int64_t k = 0; k < net->inputs; k++)
      for (int l = 0; l < LANES; l++) total[l] += (double)column[k * net->columns + l];
    for (int l = 0; l < LANES; l++) folded[j + l] = (float)((double)net->parameters.bias[j + l] + net->shift * total[l]);
  }
}

__attribute__((always_inline)) static inline void multiply_images(int columns, const network *net, const lists *images,
                                                                  int64_t first, const float *bias, scratch *mine) {
  for (int64_t c = 0; c < net->width; c += columns)
    for (int64_t t = first; t < first + TILES; t++) {
      const int64_t start = images->start[t];
      part sums[TILE][WIDEST / PART];
      add_rows(columns, images->start[t + 1] - start, images->index + start,
               mine->values + TILE * (start - images->start[first]), net->parameters.weight + c * net->inputs, sums);
      for (int r = 0; r < TILE; r++)
        for (int p = 0; p < columns / PART; p++)
          store_part(mine->z + (TILE * (t - first) + r) * net->width + c + PART * p,
                     fma_part(all_parts((float)net->scale), sums[r][p], load_part(bias + c + PART * p)));
    }
}

/* The pre-activations z of a group, from its first tile on, and its features h. */
static void features(const network *net, const lists *images, int64_t first, const float *bias, scratch *mine) {
  values_of(images, first, TILES, mine->values);
  WITH_CONSTANT_COLUMNS(net->columns, multiply_images, net, images, first, bias, mine)
  activate(net->activation, GROUP * net->width, mine->z, mine->h);
  for (int64_t i = 0; net->hidden < net->width && i < GROUP; i++)
    for (int64_t k = net->hidden; k < net->width; k++) mine->h[i * net->width + k] = 0;
}

/* Adds a group's derivatives by the pre-activations to `total`, and lays them out in panels from row `row` on. */
static void keep(const network *net, const float *d, float *total, int64_t row, int64_t rows, float *dz) {
  for (int64_t c = 0; c < net->width; c += LANES) {
    float *panel = dz + c / net->columns * net->columns * rows + c % net->columns;
    v16 sums = all(0);
    for (int i = 0; i < GROUP; i++) {
      const v16 value = load(d + i * net->width + c);
      sums += value;
      store(panel + (row + i) * net->columns, value);
    }
    store(total + c, load(total + c) + sums);
  }
}

/* A group's derivatives, given the derivatives g by its outputs. Block sums are added to `row`. */
static void backward(const network *net, scores u, scores g, float *row, int64_t place, int64_t rows, float *dz,
                     scratch *mine) {
  float *offset = row + 2 * CLASSES * net->width;
  unconstrain(net, u, g);
  (net->head == LINEAR ? linear_backward : offset_backward)(net, mine->h, g, mine->d, row);
  v16 sums = all(0);
  for (int i = 0; i < GROUP; i++) sums += load(g[i]);
  store(offset, load(offset) + sums);
  multiply_by_slope(net->activation, GROUP * net->width, mine->z, mine->d);
  keep(net, mine->d, offset + LANES, place, rows, dz);
}

/* The loss of each block first <= b < last, of `count` images in all, and which images are answered right. If `sums` is
 * given, it gets a row of block sums per block, for gradients of `share` times the summed loss. Then `dz` gets the
 * derivatives by the pre-activations: `rows` rows, of which the first belongs to the first block. */
void pass_images(const network *net, const lists *images, const uint8_t *labels, int64_t count, int64_t first,
                 int64_t last, const float *bias, float share, double *losses, uint8_t *right, float *sums,
                 int64_t rows, float *dz, scratch *mine) {
  scores u = {0}, outputs, g;
  for (int64_t b = first; b < last; b++) {
    float *row = sums ? sums + b * row_length(net) : 0;
    for (int64_t j = 0; row && j < row_length(net); j++) row[j] = 0;
    losses[b] = 0;
    for (int64_t i = BLOCK * b; i < BLOCK * (b + 1) && i < count; i += GROUP) {
      features(net, images, i / TILE, bias, mine);
      (net->head == LINEAR ? linear_scores : distances)(net, mine->h, u);
      constrain(net, u, outputs);
      cross_entropy(count - i < GROUP ? count - i : GROUP, outputs, labels + i, share, g, losses + b, right + i);
      if (row) backward(net, u, g, row, i - BLOCK * first, rows, dz, mine);
    }
  }
}

__attribute__((always_inline)) static inline void multiply_pixels(int columns, const network *net, const lists *pixels,
                                                                  const int64_t *place, int64_t first, int64_t last,
                                                                  int64_t rows, const float *dz, const float *values,
                                                                  float *weight) {
  for (int64_t c = 0; c < net->width; c += columns)
    for (int64_t t = first; t < last; t++) {
      const int64_t start = pixels->start[t];
      part sums[TILE][WIDEST / PART];
      add_rows(columns, pixels->start[t + 1] - start, pixels->index + start,
               values + TILE * (start - pixels->start[first]), dz + c * rows, sums);
      for (int r = 0; r < TILE; r++)
        for (int p = 0; p < columns / PART && place[TILE * t + r] >= 0; p++) {
          float *to = weight + c * net->inputs + place[TILE * t + r] * columns + PART * p;
          store_part(to, load_part(to) + sums[r][p]);
        }
    }
}

/* Adds the sums over a chunk's images to `weight`, for tiles first <= t < last of its pixels. */
void pass_pixels(const network *net, const lists *pixels, const int64_t *place, int64_t first, int64_t last,
                 int64_t rows, const float *dz, float *weight, scratch *mine) {
  for (int64_t t = first; t < last; t += TILES) {
    const int64_t end = t + TILES < last ? t + TILES : last;
    values_of(pixels, t, end - t, mine->values);
    WITH_CONSTANT_COLUMNS(net->columns, multiply_pixels, net, pixels, place, t, end, rows, dz, mine->values, weight)
  }
}

/* Sums `count` columns, a multiple of LANES, of block sums in the order of the blocks. */
static void join(int64_t blocks, int64_t length, const float *sums, int64_t count, float *total) {
  for (int64_t j = 0; j < count; j += LANES) {
    double joined[LANES] = {0};
    for (int64_t b = 0; b < blocks; b++)
      for (int l = 0; l < LANES; l++) joined[l] += (double)sums[b * length + j + l];
    for (int l = 0; l < LANES; l++) total[j + l] = (float)joined[l];
  }
}

/* Turns all block sums, and the weights' sums over integer pixels, into gradients. */
void join_blocks(const network *net, int64_t blocks, const float *sums, const tensors *gradient) {
  const int64_t length = row_length(net), classes = CLASSES * net->width;
  join(blocks, length, sums, classes, gradient->head);
  join(blocks, length, sums + classes, classes, gradient->scales);
  join(blocks, length, sums + 2 * classes, LANES, gradient->offset);
  join(blocks, length, sums + 2 * classes + LANES, net->width, gradient->bias);
  for (int64_t j = 0; net->head != LINEAR && j < classes; j += LANES) {
    const v16 scale = load(net->parameters.scales + j), square = load(gradient->scales + j);
    store(gradient->head + j, all(-2) * (factor16(net, j) * load(gradient->head + j)));
    if (net->head == OFFSET_L2_SQUARED) store(gradient->scales + j, all(2) * (scale * square));
  }
  for (int64_t c = 0; c < net->width; c += net->columns)
    for (int64_t k = 0; k < net->inputs; k++)
      for (int64_t j = 0; j < net->columns; j++) {
        float *to = gradient->weight + c * net->inputs + k * net->columns + j;
        *to = (float)(net->scale * (double)*to + net->shift * (double)gradient->bias[c + j]);
      }
}

/* The memory of a network's pass over mini-batches. */
typedef struct {
  listing listed;
  uint8_t *labels, *right;
  double *losses;
  float *folded, *sums, *dz;
  scratch *mine;
  int64_t tiles, blocks_in_chunk; /* tiles of pixels */
} workshop;

/* The gradients of the mean loss over the images `order`, one batch. */
static void differentiate(const network *net, const pictures *images, const uint8_t *labels, int64_t count,
                          const int64_t *order, const tensors *gradient, const workshop *in) {
  const int64_t blocks = (count + BLOCK - 1) / BLOCK, step = in->blocks_in_chunk;
  for (int64_t i = 0; i < count; i++) in->labels[i] = labels[order[i]];
  for (int64_t i = 0; i < net->inputs * net->width; i++) gradient->weight[i] = 0;
  fold_bias(net, in->folded);
  list_images(images, count, order, &in->listed.by_image);
  for (int64_t b = 0; b < blocks; b += step) {
    const int64_t rest = count - BLOCK * b, rows = rest < BLOCK * step ? rest : BLOCK * step;
    pass_images(net, &in->listed.by_image, in->labels, count, b, b + step < blocks ? b + step : blocks, in->folded,
                1.0f / (float)count, in->losses, in->right, in->sums, in->listed.rows, in->dz, in->mine);
    list_pixels(images, rows, order + BLOCK * b, &in->listed, in->tiles);
    pass_pixels(net, &in->listed.by_pixel, in->listed.place, 0, in->tiles, in->listed.rows, in->dz, gradient->weight,
                in->mine);
  }
  join_blocks(net, blocks, in->sums, gradient);
}

/* A pass over the images `order`, `size` at a time, with a step after each batch. `taken` steps were made before. */
void pass_batches(const network *net, const pictures *images, const uint8_t *labels, const int64_t *order, int64_t size,
                  const tensors *gradient, const optimiser *how, int64_t taken, int64_t tensors, const moving *tensor,
                  const workshop *in) {
  double first = power(how->first, taken), second = power(how->second, taken);
  for (int64_t i = 0; i < images->count; i += size) {
    differentiate(net, images, labels, images->count - i < size ? images->count - i : size, order + i, gradient, in);
    descend(how, first *= how->first, second *= how->second, tensors, tensor);
  }
}
