/* A gradient step of a network's tensors, as in torch.optim's SGD and Adam. */
enum { GRADIENT_DESCENT, MOMENTUM, ADAM };

/* `first` is SGD's momentum or Adam's beta1, `second` is beta2. */
typedef struct {
  int64_t kind;
  double rate, first, second, eps;
} optimiser;

/* A tensor of `count` floats, a multiple of LANES, its gradient, and the optimiser's running means. */
typedef struct {
  int64_t count;
  float *value;
  const float *gradient;
  float *mean, *square;
} moving;

/* Sets values that decay below 1e-30 to 0: subnormal numbers would take a hundred times as long. */
static inline v16 settled(v16 x) {
  const i16 kept = (x > all(1e-30f)) | (x < all(-1e-30f));
  return choose(kept, x, all(0));
}

/* p - rate * g, in one rounding. */
static void plain_step(const optimiser *how, const moving *tensor) {
  const v16 rate = all(-(float)how->rate);
  for (int64_t i = 0; i < tensor->count; i += LANES)
    store(tensor->value + i, fma16(rate, load(tensor->gradient + i), load(tensor->value + i)));
}

static void momentum_step(const optimiser *how, const moving *tensor) {
  const v16 rate = all(-(float)how->rate), momentum = all((float)how->first);
  for (int64_t i = 0; i < tensor->count; i += LANES) {
    const v16 mean = settled(fma16(momentum, load(tensor->mean + i), load(tensor->gradient + i)));
    store(tensor->mean + i, mean);
    store(tensor->value + i, fma16(rate, mean, load(tensor->value + i)));
  }
}

/* `step` and `inverse` correct the means, which began at 0: rate / (1 - beta1^t) and 1 / sqrt(1 - beta2^t). */
static void adam_step(const optimiser *how, float step, float inverse, const moving *tensor) {
  const v16 rate = all(-step), scale = all(inverse), eps = all((float)how->eps);
  const v16 beta = all((float)how->second), first = all((float)(1 - how->first)), second = all((float)(1 - how->second));
  for (int64_t i = 0; i < tensor->count; i += LANES) {
    const v16 g = load(tensor->gradient + i), before = load(tensor->mean + i);
    const v16 mean = settled(fma16(first, g - before, before));
    const v16 square = settled(fma16(second * g, g, beta * load(tensor->square + i)));
    store(tensor->mean + i, mean);
    store(tensor->square + i, square);
    const v16 root = fma16(__builtin_elementwise_sqrt(square), scale, eps);
    store(tensor->value + i, fma16(rate, mean / root, load(tensor->value + i)));
  }
}

/* b^n, multiplied from the left, so that its bits do not depend on the epoch at which a run was resumed. */
static double power(double b, int64_t n) {
  double product = 1;
  for (int64_t i = 0; i < n; i++) product *= b;
  return product;
}

/* One step of all tensors. `first` and `second` are the two factors to the power of the step's number. */
static void descend(const optimiser *how, double first, double second, int64_t tensors, const moving *tensor) {
  const float step = (float)(how->rate / (1 - first)), inverse = (float)(1 / __builtin_sqrt(1 - second));
  for (int64_t t = 0; t < tensors; t++)
    if (how->kind == ADAM)
      adam_step(how, step, inverse, tensor + t);
    else
      (how->kind == MOMENTUM ? momentum_step : plain_step)(how, tensor + t);
}

/* Makes step number `taken` + 1. */
void update(const optimiser *how, int64_t taken, int64_t tensors, const moving *tensor) {
  descend(how, power(how->first, taken + 1), power(how->second, taken + 1), tensors, tensor);
}
