/* From features to loss: the head, the output constraint, cross-entropy, and the derivatives of each.
 *
 * A group of GROUP images is processed while it is in the nearest cache. Matrices of `width` columns are stored row by
 * row. Columns from `hidden` on are zeros.
 */
#include "lists.h"
#include "activations.h"

#define CLASSES 10
/* Scores this far below the largest count as zero: their share, beside 1, is below any rounding. */
#define LEAST -64.0f

enum { LINEAR, OFFSET_L2, OFFSET_L2_SQUARED };

/* Parameters, or their gradients. For OffsetL2, `head` contains the prototypes mu and `scales` contains alpha. */
typedef struct {
  float *weight, *bias; /* inputs x width, in panels of `columns` columns, each row by row; width */
  float *head, *scales; /* CLASSES x width each */
  float *offset;        /* LANES: the linear head's bias */
} tensors;

typedef struct {
  int64_t inputs, hidden, width, columns;
  int64_t activation, head, constrained;
  double scale, shift; /* a pixel is scale * x + shift for the integer x */
  float sign;          /* of the outputs */
  tensors parameters;
} network;

typedef float scores[GROUP][LANES];

/* Images and classes whose sums are in registers at a time. */
#if defined(__AVX512F__)
#define IMAGES 4
#define SOME 5
#else
#define IMAGES 2
#define SOME 2
#endif

static void linear_scores(const network *net, const float *h, scores u) {
  for (int i = 0; i < GROUP; i += IMAGES)
    for (int c = 0; c < CLASSES; c += SOME) {
      v16 sums[IMAGES][SOME] = {0};
      for (int64_t k = 0; k < net->width; k += LANES)
        for (int s = 0; s < SOME; s++) {
          const v16 w = load(net->parameters.head + (c + s) * net->width + k);
          for (int r = 0; r < IMAGES; r++) sums[r][s] = fma16(load(h + (i + r) * net->width + k), w, sums[r][s]);
        }
      for (int r = 0; r < IMAGES; r++)
        for (int s = 0; s < SOME; s++) u[i + r][c + s] = sum(sums[r][s]) + net->parameters.offset[c + s];
    }
}

/* alpha, or its square if the form uses that. */
static inline part factor(const network *net, int64_t place) {
  const part scale = load_part(net->parameters.scales + place);
  return net->head == OFFSET_L2_SQUARED ? scale * scale : scale;
}

static inline v16 factor16(const network *net, int64_t place) {
  const v16 scale = load(net->parameters.scales + place);
  return net->head == OFFSET_L2_SQUARED ? scale * scale : scale;
}

static void distances(const network *net, const float *h, scores u) {
  for (int i = 0; i < GROUP; i += IMAGES)
    for (int c = 0; c < CLASSES; c += SOME) {
      v16 sums[IMAGES][SOME] = {0};
      for (int64_t k = 0; k < net->width; k += LANES)
        for (int s = 0; s < SOME; s++) {
          const int64_t place = (c + s) * net->width + k;
          const v16 scale = factor16(net, place), centre = load(net->parameters.head + place);
          for (int r = 0; r < IMAGES; r++) {
            const v16 difference = load(h + (i + r) * net->width + k) - centre;
            sums[r][s] = fma16(scale * difference, difference, sums[r][s]);
          }
        }
      for (int r = 0; r < IMAGES; r++)
        for (int s = 0; s < SOME; s++) {
          const float square = sum(sums[r][s]);
          u[i + r][c + s] = square < 1e-12f ? 1e-12f : square;
        }
    }
  for (int i = 0; i < GROUP; i++) store(u[i], __builtin_elementwise_sqrt(load(u[i])));
}

/* Turns scores into outputs. */
static void constrain(const network *net, scores u, scores outputs) {
  const int activated = net->constrained && net->head == LINEAR;
  if (activated) activate(net->activation, GROUP * LANES, u[0], outputs[0]);
  for (int i = 0; i < GROUP; i++) store(outputs[i], all(net->sign) * load(activated ? outputs[i] : u[i]));
}

/* Turns derivatives by the outputs into derivatives by the scores, or by the squared distances for OffsetL2. */
static void unconstrain(const network *net, scores u, scores g) {
  for (int i = 0; i < GROUP; i++) {
    const v16 y = load(u[i]), signed_g = all(net->sign) * load(g[i]);
    const v16 by_square = choose(y > all(1e-6f), all(0.5f) * signed_g / y, all(0));
    store(g[i], net->head == LINEAR ? signed_g : by_square);
  }
  if (net->constrained && net->head == LINEAR) multiply_by_slope(net->activation, GROUP * LANES, u[0], g[0]);
}

/* Adds the losses of the first `count` images to `loss` and marks which are answered right. Sets `g` to `share` times
 * the derivative by the outputs. If outputs are equal, the first class is the answer. */
static void cross_entropy(int64_t count, scores outputs, const uint8_t *labels, float share, scores g, double *loss,
                          uint8_t *right) {
  const i16 lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, a_class = lane < CLASSES;
  float total[GROUP], below[GROUP];
  for (int i = 0; i < GROUP; i++) {
    const int32_t label = i < count ? labels[i] : 0;
    const v16 s = choose(a_class, load(outputs[i]), all(-3e38f)), largest = largest_lane(s), difference = s - largest;
    const i16 highest = s == largest, answer = lowest_lane((highest & lane) | (~highest & LANES));
    v16 e;
    for (int l = 0; l < LANES; l++) e[l] = exp1(difference[l]);
    e = choose(a_class & ~(difference < all(LEAST)), e, all(0));
    const v16 totals = sum_of_lanes(e), one = choose(lane == label, all(1), all(0));
    total[i] = totals[0];
    below[i] = difference[label];
    store(g[i], i < count ? (e / totals - one) * all(share) : all(0));
    if (i < count) right[i] = answer[0] == label;
  }
  for (int i = 0; i < GROUP; i++) total[i] = log1(total[i]) - below[i];
  for (int i = 0; i < count; i++) *loss += (double)total[i];
}

/* Adds the derivatives by the weights to `total`, CLASSES x width. Sets `d` to the derivatives by the features. */
static void linear_backward(const network *net, const float *h, scores g, float *d, float *total) {
  for (int64_t k = 0; k < net->width; k += PART) {
    part weight[CLASSES], sums[CLASSES] = {0};
    for (int c = 0; c < CLASSES; c++) weight[c] = load_part(net->parameters.head + c * net->width + k);
    for (int i = 0; i < GROUP; i++) {
      const part feature = load_part(h + i * net->width + k);
      part slope = all_parts(0);
      for (int c = 0; c < CLASSES; c++) {
        const part by_score = all_parts(g[i][c]);
        slope = fma_part(by_score, weight[c], slope);
        sums[c] = fma_part(by_score, feature, sums[c]);
      }
      store_part(d + i * net->width + k, slope);
    }
    for (int c = 0; c < CLASSES; c++) {
      float *to = total + c * net->width + k;
      store_part(to, load_part(to) + sums[c]);
    }
  }
}

/* Classes whose two sums are in registers at a time. */
#define CENTRES (PART == 16 ? 10 : 5)

/* The same for OffsetL2. g are derivatives by the squares. Adds g (h - mu) and, behind all classes, g (h - mu)^2. */
static void offset_backward(const network *net, const float *h, scores g, float *d, float *total) {
  for (int64_t k = 0; k < net->width; k += PART)
    for (int first = 0; first < CLASSES; first += CENTRES) {
      part centre[CENTRES], scale[CENTRES], once[CENTRES] = {0}, twice[CENTRES] = {0};
      for (int s = 0; s < CENTRES; s++) {
        centre[s] = load_part(net->parameters.head + (first + s) * net->width + k);
        scale[s] = factor(net, (first + s) * net->width + k);
      }
      for (int i = 0; i < GROUP; i++) {
        const part feature = load_part(h + i * net->width + k);
        part slope = first ? load_part(d + i * net->width + k) : all_parts(0);
        for (int s = 0; s < CENTRES; s++) {
          const part difference = feature - centre[s], weighted = all_parts(g[i][first + s]) * difference;
          once[s] += weighted;
          twice[s] = fma_part(weighted, difference, twice[s]);
          slope = fma_part(scale[s], weighted, slope);
        }
        store_part(d + i * net->width + k, first + CENTRES < CLASSES ? slope : slope + slope);
      }
      for (int s = 0; s < CENTRES; s++) {
        float *to = total + (first + s) * net->width + k, *behind = to + CLASSES * net->width;
        store_part(to, load_part(to) + once[s]);
        store_part(behind, load_part(behind) + twice[s]);
      }
    }
}
