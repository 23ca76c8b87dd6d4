/*
 * One kernel call, prepared: geometry, packed weights with the zero-point corrections folded into
 * the bias, and the constants of eq. 5. Tensors are dense uint8 NHWC; the TypeScript
 * side has checked every shape before an Op is made (`checkCall` in quantize/ops/table.ts).
 *
 * Equations have the numbers of quantize/params/README.md.
 *
 * Sums are uint32_t wherever they may wrap: the reference wraps modulo 2^32 too.
 */
#ifndef TF8_OP_H
#define TF8_OP_H

#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__)
#define TF8_X86 1
#else
#define TF8_X86 0
#endif

/* AVX-VNNI is known to GCC from 11 and Clang from 12; an older compiler builds the others. */
#if TF8_X86 && (defined(TF8_AVXVNNI_AS_EVEX) || __clang_major__ >= 12 || \
                (!defined(__clang__) && __GNUC__ >= 11))
#define TF8_AVXVNNI 1
#else
#define TF8_AVXVNNI 0
#endif
#if defined(__aarch64__)
#define TF8_ARM64 1
#else
#define TF8_ARM64 0
#endif

/* Instruction sets, the slowest of a processor family first. */
typedef enum {
  ISA_SCALAR,
  ISA_AVX2,
  ISA_AVXVNNI,
  ISA_AVX512VNNI,
  ISA_NEONDOT, /* arm64 with the dot product extension */
  ISA_COUNT
} Isa;

typedef enum {
  OP_CONVOLUTION,
  OP_DEPTHWISE,
  OP_AVERAGE_POOL,
  OP_MAX_POOL,
  OP_CONCAT,
  OP_ADD, /* and subtract: its second multiplier is negative */
  OP_MULTIPLY,
  OP_REARRANGE,
  OP_SLICED, /* convolutions of parts of the tensors: slices.h */
  OP_PRELU,
  OP_RESIZE,
  OP_MAXIMUM,
  OP_MINIMUM,
  OP_SOFTMAX,
  OP_KIND_COUNT
} OpKind;

/* How accumulators become bytes: eq. 5, or by integers (eq. 16). */
typedef enum { ROUNDING_SINGLE, ROUNDING_DOUBLE, ROUNDING_SHIFT, ROUNDING_COUNT } Rounding;

/* A multiplier of eq. 16: mantissa * 2^(exponent - 31). */
typedef struct {
  int32_t mantissa, exponent;
} Factor;

/* eq. 5: clamp(roundHalfEven(f32(acc) * multiplier) + zero_point, low, high). */
typedef struct {
  float multiplier; /* of a product; a layer with weights has Op.multipliers */
  int32_t zero_point;
  int32_t low;
  int32_t high;
  Rounding rounding; /* of a layer with weights that vector kernels compute */
  size_t shifts_at;  /* eq. 16: from a mantissa in Op.multipliers to its shift */
} Requantization;

/* A run of channels that the depthwise kernel takes at once; the last may overlap the one before. */
typedef struct {
  int32_t start;
  int32_t width; /* four vectors; with AVX-512 VNNI 64 or 32; 16 of fewer channels than 32 */
  size_t weights; /* offset in Op.weights */
  size_t bias;    /* index in Op.bias */
  int32_t has_rest; /* some wq - wz is outside int8: a second set of weights holds the rest; see chains.h */
  int32_t has_chains; /* AVX2, where chains suit; bit h of has_rest: half h has second ones */
} ChannelBlock;

typedef struct ChainPanel ChainPanel; /* chains.h */
struct Elementwise;
struct Rearrangement;
struct Slices;

typedef struct Op {
  OpKind kind;
  Isa isa;
  int32_t references;
  int32_t batch, height, width, channels;
  int32_t window_height, window_width, stride_y, stride_x, pad_top, pad_left;
  int32_t dilation_y, dilation_x; /* from one tap of the window to the next */
  int32_t output_height, output_width, output_channels;
  int32_t input_zero_point;
  Requantization requantization;

  /* Convolution: rows of the im2col matrix [rows, depth] times the filter [depth, output_channels]. */
  size_t rows;
  int32_t depth;        /* kh * kw * C */
  int32_t groups;       /* 4-byte groups of a packed row: 4 uint8, or 2 int16 where rows are widened; of a
                           depthwise window */
  int32_t is_pointwise; /* the input is the im2col matrix */
  int32_t row_factor;   /* what a row's sum is multiplied by: 128 - wz where weights are int8, -wz where
                           they are uint8, 0 where they are int16 */
  size_t block_rows;    /* rows that are gathered at a time */
  int32_t panel_columns; /* of a panel of packed columns */
  size_t input_step;     /* from a position of the input to the next; more than its channels of a slice */
  size_t output_step;    /* from a row of the product to the next */

  /* AVX2, where weights are packed as chains: else NULL. */
  ChainPanel *chain_panels;
  int32_t *chain_offsets;
  int32_t chains; /* whole chains of a row */

  uint8_t *weights; /* 64-byte aligned */
  size_t weight_bytes;
  int32_t *bias; /* bias - zx * sum(wq - wz), in the order of the packed columns, padded */
  float *multipliers; /* of the columns, in the order of `bias`; of a vector kernel by eq. 16 the bits of
                         mantissas and then of shifts */
  Rounding rounding;
  Factor *factors; /* [output_channels] of a rounding by integers, as scalar kernels read them */

  /* Depthwise: blocks of channels, or none where the scalar kernel runs. */
  ChannelBlock *blocks;
  int32_t block_count;
  uint8_t *padding_row; /* [W, C] input zero points */

  /* Of few channels, rows.h: what makes an output row, and in that one its pixels. */
  struct Op *row;
  int32_t pixels;      /* output pixels whose channels are its channels; 0 elsewhere */
  int32_t pixel_bytes; /* channels of one pixel */
  size_t phase_bytes;  /* from the columns of a phase of the stride to those of the next */

  /* Concatenation: for each input its channels and the output byte of each input byte. */
  int32_t input_count;
  int32_t *input_channels;
  uint8_t *tables; /* [input_count, 256] */

  struct Elementwise *elementwise; /* of two tensors: else NULL */
  struct Rearrangement *rearrangement; /* of bytes in other places: else NULL */
  struct Slices *slices; /* of several convolutions: else NULL */
  void *taps;     /* of another size, resize.h: rows, then columns; else NULL */
  float *powers;  /* [256] of a softmax; else NULL */
  uint8_t *table; /* [256] what becomes of a convolution's bytes (eq. 10), and [256] by how much each
                     row of 16 differs from that before; NULL where nothing does */
} Op;

/* What a kernel needs beside the tensors: parts of op_scratch_bytes(op) bytes. */
typedef struct {
  uint8_t *gathered; /* [block_rows, 4 * groups] uint8 (or int16 pairs), 64 bytes of slack; rows.h */
  uint8_t *narrow;   /* AVX2: the gathered bytes before they are widened */
  int32_t *row_terms;
  int32_t *accumulators; /* of a resizing what lies between two rows */
} Scratch;

/* Of a window of a depthwise convolution that the vector kernels take. */
#define MOST_TAPS 64

/* Vectors of a panel of packed columns: four, in the order that packing with saturation undoes. */
#define PANEL_VECTORS 4
#define DEEP_VECTORS 2 /* where AVX2's weights are int16 and rows longer than DEEP_BYTES */
#define DEEP_BYTES 256

/* int32 lanes of a vector. */
static inline int32_t isa_lanes(Isa isa) {
  return isa == ISA_AVX512VNNI ? 16 : isa == ISA_NEONDOT ? 4 : 8;
}

/*
 * Column that lane `position` of vector `vector` holds in a panel of four vectors. Packing int32 to
 * int16 to uint8 works within 128-bit lanes and leaves exactly this order undone; interleaving the
 * bytes of four rows (the depthwise kernel) makes it.
 */
static inline int32_t packed_column(int32_t vector, int32_t position) {
  return 16 * (position / 4) + 4 * vector + position % 4;
}

/* A convolution or a pool; a pool has no filter. Padded rows and columns below and to the right follow. */
typedef struct {
  int32_t batch, height, width, channels;
  int32_t window_height, window_width, stride_y, stride_x, padding_top, padding_left;
  int32_t dilation_y, dilation_x;
  int32_t output_height, output_width, output_channels;
  int32_t input_zero_point, filter_zero_point;
  Requantization requantization;
} Windowed;

/* Weights and what belongs to them, [output_channels] but the filter; a pool has none. */
typedef struct {
  const uint8_t *filter;
  const int32_t *bias;
  const float *multipliers;
  Rounding rounding;
  const Factor *factors; /* of a rounding by integers */
} Weights;

/* Makes an Op; NULL when memory is short. */
Op *op_create_windowed(OpKind kind, Isa isa, const Windowed *windowed, const Weights *weights);
/* tables: [input_count, 256], the output byte of each input byte. */
Op *op_create_concat(int32_t positions, int32_t input_count, const int32_t *channels,
                     const uint8_t *tables);
/* A concatenation of one input, with a table [256] of its own (eq. 10). */
Op *op_create_lookup(int32_t positions, int32_t channels, const uint8_t *table);
/* What becomes of each byte of a convolution, from a table [256]; 0 when memory is short. */
int op_set_table(Op *op, const uint8_t *table);
void op_release(Op *op);

/* Of a depthwise window, which has kernels of its own. */
static inline int is_3x3(const Op *op) {
  return op->window_height == 3 && op->window_width == 3 && op->pixels == 0;
}

static inline size_t op_input_count(const Op *op) {
  return op->input_count > 0 ? (size_t)op->input_count : 1;
}

size_t op_input_bytes(const Op *op, size_t index);

static inline size_t op_output_bytes(const Op *op) {
  return op->rows * (size_t)op->output_channels;
}

/* Bytes of the memory that a run needs, which begins at a multiple of 64. */
size_t op_scratch_bytes(const Op *op);
Scratch op_scratch(const Op *op, uint8_t *memory);

/* How many parts to divide an op into for so many threads: more than threads, for them to balance. */
size_t op_parts(const Op *op, int threads);
/* Runs part `index` of `count`; parts write disjoint bytes. */
void op_run(const Op *op, const uint8_t *const *inputs, uint8_t *output, size_t index, size_t count,
            uint8_t *memory);

/* The input's im2col rows [first, first + count) into `to`, `stride` >= depth bytes a row. */
void gather_rows(const Op *op, const uint8_t *input, size_t first, size_t count, uint8_t *to,
                 size_t stride);

/* eq. 2 of `length` values; 0 where one is NaN, whose byte is then undefined. */
int quantize_array(const float *real, size_t length, double scale, int32_t zero_point,
                   uint8_t *output);

/* eq. 16: the byte of an accumulator by a rounding that is not ROUNDING_SINGLE. */
int32_t requantize_fixed(uint32_t accumulator, Factor factor, Rounding rounding,
                         const Requantization *requantization);

/* eq. 5 by a multiplier, whatever the requantization's own. */
int32_t requantize(uint32_t accumulator, float multiplier, const Requantization *requantization);

/* Rows of the tallest tile: parts end where tiles do. */
#define TILE_HEIGHT 6

/*
 * The convolution's rows [first, last) and packed panels [first_panel, last_panel), into the output from
 * row `first` on.
 */
typedef void (*ConvolutionKernel)(const Op *, const uint8_t *, uint8_t *, size_t, size_t, int32_t,
                                  int32_t, Scratch *);
/* The depthwise convolution's output rows (of all images) [first, last). */
typedef void (*DepthwiseKernel)(const Op *, const uint8_t *, uint8_t *, size_t, size_t, Scratch *);

/* Panels of packed columns of a convolution. */
size_t convolution_panels(const Op *op);
/*
 * A convolution's rows [first, last) and panels, into `output` from row `first` on; with a table a block of
 * rows at a time.
 */
void convolution_run(const Op *op, const uint8_t *input, uint8_t *output, size_t first, size_t last,
                     size_t first_panel, size_t last_panel, Scratch *scratch);
/* Rows [first, last) of a convolution, all panels; `output` is that of row `first`. */
void convolution_rows(const Op *op, const uint8_t *input, uint8_t *output, size_t first, size_t last,
                      Scratch *scratch);

/*
 * Where the taps of the first window of an output row are, [groups, 4], from the block's first channel
 * on; columns beside the image are not looked at.
 */
void depthwise_taps(const Op *op, const ChannelBlock *block, const uint8_t *input, size_t row,
                    const uint8_t *taps[MOST_TAPS]);

void convolution_scalar(const Op *, const uint8_t *, uint8_t *, size_t, size_t, int32_t, int32_t,
                        Scratch *);
void depthwise_scalar(const Op *, const uint8_t *, uint8_t *, size_t, size_t, Scratch *);
/* A pool's output rows (of all images) [first, last). */
void pool_scalar(const Op *, const uint8_t *, uint8_t *, size_t, size_t, Scratch *);
/* A concatenation's positions [first, last). */
void concat_scalar(const Op *, const uint8_t *const *, uint8_t *, size_t, size_t);
#if TF8_X86
void convolution_avx2(const Op *, const uint8_t *, uint8_t *, size_t, size_t, int32_t, int32_t,
                      Scratch *);
void convolution_avx2_deep(const Op *, const uint8_t *, uint8_t *, size_t, size_t, int32_t, int32_t,
                           Scratch *);
void convolution_avx2_chains(const Op *, const uint8_t *, uint8_t *, size_t, size_t, int32_t, int32_t,
                             Scratch *);
void depthwise_avx2(const Op *, const uint8_t *, uint8_t *, size_t, size_t, Scratch *);
void convolution_avxvnni(const Op *, const uint8_t *, uint8_t *, size_t, size_t, int32_t, int32_t,
                         Scratch *);
void depthwise_avxvnni(const Op *, const uint8_t *, uint8_t *, size_t, size_t, Scratch *);
void convolution_avx512vnni(const Op *, const uint8_t *, uint8_t *, size_t, size_t, int32_t, int32_t,
                            Scratch *);
void depthwise_avx512vnni(const Op *, const uint8_t *, uint8_t *, size_t, size_t, Scratch *);
#endif

#if TF8_ARM64
void convolution_neondot(const Op *, const uint8_t *, uint8_t *, size_t, size_t, int32_t, int32_t,
                         Scratch *);
void depthwise_neondot(const Op *, const uint8_t *, uint8_t *, size_t, size_t, Scratch *);
#endif

/* Whether this processor and operating system run an instruction set. */
int isa_supported(Isa isa);

#endif
