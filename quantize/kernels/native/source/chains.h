/*
 * Chains: how AVX2 multiplies bytes without widening them first. vpmaddubsw adds two products of uint8
 * and int8 to an int16 and saturates; four such sums are added up (which wraps around) before
 * vpmaddwd widens them to int32. A chain is exact where, for each of its int16 lanes, the weights
 * above 0 sum up to at most CHAIN_SUM and so do those below 0, without their signs: with bytes of at
 * most 255, each sum, and each of its parts, lies within
 *
 *   -255 * 128 = -32640 >= -2^15   and   255 * 128 = 32640 < 2^15.
 *
 * Packing makes the bound hold: what a weight has beyond it becomes the weight of another group of the
 * same four bytes, in a chain at the panel's end. wq - wz in [-255, 255] needs no other care.
 */
#ifndef TF8_CHAINS_H
#define TF8_CHAINS_H

#include "op.h"

#define CHAIN_GROUPS 4    /* of four bytes of a row */
#define SHORT_GROUPS 2
#define CHAIN_COLUMNS 16 /* of a panel: two vectors */
#define CHAIN_SUM 128
#define CHAIN_BYTES (CHAIN_GROUPS * CHAIN_COLUMNS * 4) /* of a chain's weights */

/*
 * A panel of packed columns: chains of groups in a row's order, then scattered ones, then short ones, which
 * are scattered too: of two groups, where four would leave much of their weights.
 */
struct ChainPanel {
  size_t weights; /* offset in Op.weights: [chains, groups, vectors, lanes, 4 bytes]; the end behind the last panel */
  size_t offsets; /* index in Op.chain_offsets: where in a row each group of a scattered chain is */
  int32_t in_order, scattered, short_;
};

typedef enum { CHAINS_NO_MEMORY, CHAINS_UNSUITED, CHAINS_PACKED } ChainsResult;

/*
 * Packs a convolution's weights as chains, unless widened ones would be multiplied in less time.
 * filter: [depth, output_channels] uint8; bias: [output_channels] int32, zero points folded in;
 * multipliers: [output_channels].
 */
ChainsResult pack_chains(Op *op, const uint8_t *filter, int32_t filter_zero_point,
                         const int32_t *bias, const float *multipliers);

/*
 * Depthwise, 3 x 3: for each half of a block's 32 channels the weights of seven pairs of pixels, an
 * int16 lane a channel: rows 0 and 1 of columns 0, 1 and 2; row 2 of columns 0 and 1, of 2 and none;
 * and the same row for an output that begins one pixel later, of none and 0, of 1 and 2. One chain is
 * columns 1 and 2 of the upper rows; the other the rest. A second window has what those leave.
 */
#define WINDOW_PAIRS 7
#define WINDOW_BYTES (WINDOW_PAIRS * 32)
#define BLOCK_BYTES (2 * 2 * WINDOW_BYTES) /* [first or second, half] */

/*
 * Of another window a chain is a group of four taps: [groups + has_rest, half, pair of taps, 32], first all
 * groups, then those again that leave something. Behind twice the groups are the places, a byte each, of
 * all these groups in the window.
 */
#define GROUP_BYTES (2 * 2 * 32)
#define PLACES_BYTES 64

/*
 * Packs the block's weights at op->weights + block->weights and sets its has_rest (of a window that is not
 * 3 x 3: how many groups leave something); 0 where two windows
 * do not suffice. filter: [kh, kw, channels] uint8.
 */
int pack_depthwise_chains(const Op *op, ChannelBlock *block, const uint8_t *filter,
                          int32_t filter_zero_point);

#if TF8_X86
/* An output row (of all images) of a block of channels, but for chained 3 x 3 windows. */
void depthwise_avx2_block(const Op *op, const ChannelBlock *block, const uint8_t *input,
                          uint8_t *output, size_t row);
#endif

#endif
