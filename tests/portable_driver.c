/* Trains small networks of every kind on made-up images and prints what comes out, bit by bit: built for two processors
 * from the engine's own source, it has to say the same on both. */
#include "step.c"

#define COUNT 700
#define INPUTS 49
#define HIDDEN 40
#define CHUNK (2 * BLOCK)

/* No C library: none need be built for the other processor. */
__attribute__((no_builtin)) void *memset(void *to, int value, unsigned long count) {
  for (unsigned char *at = to; count--;) *at++ = (unsigned char)value;
  return to;
}

__attribute__((no_builtin)) void *memcpy(void *restrict to, const void *restrict from, unsigned long count) {
  unsigned char *at = to;
  for (const unsigned char *source = from; count--;) *at++ = *source++;
  return to;
}

static long system_call(long x86, long arm, long a, long b, long c) {
#if defined(__x86_64__)
  long answer;
  __asm__ volatile("syscall" : "=a"(answer) : "a"(x86), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
  return answer;
#else
  register long number __asm__("x8") = arm, one __asm__("x0") = a, two __asm__("x1") = b, three __asm__("x2") = c;
  __asm__ volatile("svc 0" : "+r"(one) : "r"(number), "r"(two), "r"(three) : "memory");
  return one;
#endif
}

static void say(const char *text, long count) { system_call(1, 64, 1, (long)text, count); }

static void say_bits(uint64_t bits) {
  char digits[17] = " ";
  for (int i = 0; i < 16; i++) digits[i + 1] = "0123456789abcdef"[bits >> 4 * (15 - i) & 15];
  say(digits, 17);
}

/* Memory, zeroed, until the next network. */
static _Alignas(64) unsigned char pool[1 << 24];
static int64_t taken;
static void *room(int64_t bytes) {
  void *made = pool + taken;
  taken += (bytes + 63) / 64 * 64;
  memset(made, 0, bytes);
  return made;
}

static uint64_t state = 88172645463325252ULL;
static uint64_t draw(void) {
  state ^= state << 13;
  state ^= state >> 7;
  return state ^= state << 17;
}

static float *reals(int64_t count, float size) {
  float *made = room(4 * count);
  for (int64_t i = 0; i < count; i++) made[i] = size * ((float)(int32_t)(draw() >> 40) / 8388608.0f - 1.0f);
  return made;
}

static lists listed(const uint8_t *matrix, int64_t columns, const int64_t *place, int64_t tiles) {
  const int64_t most = tiles * columns + 1;
  int32_t *start = room(4 * (tiles + 1));
  uint16_t *index = room(2 * most);
  uint8_t *value = room(TILE * most);
  list_entries(tiles, columns, matrix, place, room(columns), start, index, value);
  return (lists){start, index, value};
}

static int64_t *places(int64_t count, int64_t padded) {
  int64_t *place = room(8 * padded);
  for (int64_t i = 0; i < padded; i++) place[i] = i < count ? i : -1;
  return place;
}

static tensors drawn(int64_t width, float size) {
  return (tensors){reals(INPUTS * width, size), reals(width, size), reals(CLASSES * width, size),
                   reals(CLASSES * width, 1.0f), reals(LANES, size)};
}

static void say_hash(const float *values, int64_t count) {
  uint64_t hash = 1469598103934665603ULL;
  for (int64_t i = 0; i < count; i++) hash = (hash ^ (uint32_t)bits_of(values[i])) * 1099511628211ULL;
  say_bits(hash);
}

static void train(int64_t activation, int64_t head, int64_t constrained, float sign, double scale, double shift) {
  state = 88172645463325252ULL;
  taken = 0;
  static uint8_t images[(COUNT + 1) * INPUTS], across[INPUTS * COUNT], labels[COUNT], right[COUNT];
  for (int i = 0; i < COUNT; i++) {
    labels[i] = draw() % CLASSES;
    for (int k = 0; k < INPUTS; k++) images[i * INPUTS + k] = draw() % 4 ? 0 : draw() % 256;
  }
  network net = {INPUTS, HIDDEN, 0, 32, activation, head, constrained, scale, shift, sign};
  net.width = 64;
  net.parameters = drawn(net.width, 0.1f);
  for (int64_t c = 0; c < CLASSES; c++)
    for (int64_t k = HIDDEN; k < net.width; k++) net.parameters.head[c * net.width + k] = 0;
  tensors gradient = drawn(net.width, 0);
  const int64_t groups = (COUNT + GROUP - 1) / GROUP, blocks = (COUNT + BLOCK - 1) / BLOCK;
  lists by_image = listed(images, INPUTS, places(COUNT, groups * GROUP), groups * TILES);
  const int64_t tiles = (INPUTS + TILE - 1) / TILE, *pixels = places(INPUTS, tiles * TILE);
  scratch mine = {reals(TILE * TILES * CHUNK, 0), reals(GROUP * net.width, 0), reals(GROUP * net.width, 0),
                  reals(GROUP * net.width, 0)};
  float *folded = reals(net.width, 0), *sums = reals(blocks * row_length(&net), 0), *dz = reals(CHUNK * net.width, 0);
  double losses[8];
  const int64_t sizes[] = {INPUTS * net.width, net.width, CLASSES * net.width, CLASSES * net.width, LANES};
  float **to = (float **)&net.parameters, **from = (float **)&gradient;
  moving tensor[5];
  for (int t = 0; t < 5; t++) tensor[t] = (moving){sizes[t], to[t], from[t], reals(sizes[t], 0), reals(sizes[t], 0)};
  const optimiser plain = {GRADIENT_DESCENT, 0.001, 0, 0, 0}, adam = {ADAM, 0.001, 0.9, 0.999, 1e-8};
  plain_arithmetic();
  for (int step = 0; step < 5; step++) {
    fold_bias(&net, folded);
    memset(gradient.weight, 0, 4 * INPUTS * net.width);
    for (int64_t first = 0; first < COUNT; first += CHUNK) {
      const int64_t count = COUNT - first < CHUNK ? COUNT - first : CHUNK;
      for (int64_t k = 0; k < INPUTS; k++)
        for (int64_t i = 0; i < count; i++) across[k * count + i] = images[(first + i) * INPUTS + k];
      lists by_pixel = listed(across, count, pixels, tiles);
      pass_images(&net, &by_image, labels, COUNT, first / BLOCK, (first + count + BLOCK - 1) / BLOCK, folded,
                  1.0f / COUNT, losses, right, sums, CHUNK, dz, &mine);
      pass_pixels(&net, &by_pixel, pixels, 0, tiles, CHUNK, dz, gradient.weight, &mine);
    }
    join_blocks(&net, blocks, sums, &gradient);
    double loss = 0;
    for (int64_t b = 0; b < blocks; b++) loss += losses[b];
    union { double real; uint64_t bits; } both = {loss};
    say_bits(both.bits);
    update(&plain, step, 5, tensor);
  }
  pictures all = {COUNT, INPUTS, 1, images, room(8 * (COUNT + 1))};
  find_nonzero(COUNT + 1, INPUTS, 1, images, (uint64_t *)all.nonzero);
  int64_t *order = room(8 * COUNT);
  for (int64_t i = 0; i < COUNT; i++) order[i] = i * 333 % COUNT;
  const int64_t most = groups * TILES * INPUTS + 1, rows = 512;
  const lists empty = {room(4 * (groups * TILES + 1)), room(2 * most), room(TILE * most)};
  const lists turned = {room(4 * (tiles + 1)), room(2 * (tiles * rows + 1)), room(TILE * (tiles * rows + 1))};
  workshop shop = {{empty, turned, pixels, room(8 * BITS * rows / BITS), rows}, room(COUNT), room(COUNT), losses, folded,
                   sums, reals(rows * net.width, 0), &mine, tiles, 2};
  pass_batches(&net, &all, labels, order, 100, &gradient, &adam, 3, 5, tensor, &shop);
  pass_batches(&net, &all, labels, order, 600, &gradient, &adam, 10, 5, tensor, &shop);
  say_hash(net.parameters.weight, INPUTS * net.width);
  say_hash(net.parameters.bias, net.width);
  say_hash(net.parameters.head, CLASSES * net.width);
  say_hash(net.parameters.scales, CLASSES * net.width);
  int hits = 0;
  for (int i = 0; i < COUNT; i++) hits += right[i];
  say_bits(hits);
  say("\n", 1);
}

#if defined(__x86_64__)
__attribute__((force_align_arg_pointer))
#endif
void _start(void) {
  for (int64_t activation = 0; activation < 2; activation++)
    for (int form = 0; form < 6; form++) {
      const int64_t head = form < 3 ? LINEAR : form < 5 ? OFFSET_L2 : OFFSET_L2_SQUARED;
      const float sign = form == 2 || form == 4 ? -1.0f : 1.0f;
      train(activation, head, form > 0, sign, 1.0, 0.0);
      train(activation, head, form > 0, sign, 0.0127, -0.42);
    }
  system_call(60, 93, 0, 0, 0);
}
