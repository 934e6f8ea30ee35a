/* As many fused multiply-adds as the processor can make: chains of them that wait for nothing but themselves. */
#include "vectors.h"

/* Two units of four cycles each are full with eight chains; x86-64 without AVX-512 has 16 registers. */
#define CHAINS 12

const int64_t operations_a_turn = CHAINS * PART;

float turn(int64_t turns, float factor, float summand) {
  part chains[CHAINS];
  for (int c = 0; c < CHAINS; c++) chains[c] = all_parts((float)c);
  for (int64_t i = 0; i < turns; i++)
#pragma clang loop unroll(full)
    for (int c = 0; c < CHAINS; c++) chains[c] = fma_part(chains[c], all_parts(factor), all_parts(summand));
  part total = all_parts(0);
  for (int c = 0; c < CHAINS; c++) total += chains[c];
  return total[0];
}
