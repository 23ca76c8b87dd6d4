import type { TensorSpec } from '../../ops/tensor.ts';
import { elements } from '../../params/shape.ts';
import { modelDescription } from '../description.ts';
import { commentText, floatLiteral } from './literals.ts';
import { type CNetwork, chipMemory } from './network.ts';
import { withPrefix } from './prefix.ts';

/** What a header begins with. */
const HEADER_START = '/* A TF8 network as a library of C99, written by "tf8 export".\n';

/** Parameters of the outputs: `output`, or `output_0`, `output_1` … of several. */
export function outputParameters({ outputs }: Pick<CNetwork, 'outputs'>): readonly string[] {
  return outputs.length === 1 ? ['output'] : outputs.map((_, index) => `output_${index}`);
}

/** The declarations of a library: sizes, parameters and the functions that run it. */
export function cHeader(network: CNetwork): string {
  const { model, prefix, arenaBytes, offsets, outputs } = network;
  const { outputBytes, weightsBytes, codeBytes } = chipMemory(network);
  const parameters = outputParameters(network);
  const pointers = parameters.map((name) => `uint8_t *${name}`).join(', ');
  const text = `#ifndef TF8_H
#define TF8_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* RAM: what tf8_run works in, at any address; it holds the input too, if that lies at its offset. */
#define TF8_ARENA_BYTES ${arenaBytes}
/* Flash: ${weightsBytes} bytes of weights, biases and tables, about ${codeBytes} of code on a Cortex-M4. */
#define TF8_WEIGHTS_BYTES ${weightsBytes}
/* Layers that tf8_run_observed reports. */
#define TF8_LAYERS ${model.nodes.length}

/* Images: bytes [height][width][channels]; a byte q stands for SCALE * (q - ZERO_POINT). */
/* ${commentText(model.input.name)} */
${tensorMacros('INPUT', model.input)}
#define TF8_INPUT_OFFSET ${offsets.get(model.input.name)}
${outputs
  .map(
    ({ name, spec }, index) =>
      `/* ${commentText(name)} */\n${tensorMacros(parameters[index].toUpperCase(), spec)}`,
  )
  .join('\n')}

/*
 * Runs the network on one image. Allocates nothing, keeps nothing between calls, and is done by one
 * thread; several may run it at once, each with an arena of its own.
 * arena: TF8_ARENA_BYTES; what it held is overwritten.
 * input: TF8_INPUT_BYTES, apart from the arena or at arena + TF8_INPUT_OFFSET, where its bytes are
 * overwritten too.
 * ${parameters.map((name) => `${name}: TF8_${name.toUpperCase()}_BYTES`).join(', ')}; apart from the arena and the input.
 */
void tf8_run(uint8_t *arena, const uint8_t *input, ${pointers});

/* Takes the bytes of a layer as soon as they are there; they are overwritten later. */
typedef void (*tf8_observer)(void *context, int32_t layer, const uint8_t *bytes, size_t count);

/* As tf8_run, and tells the observer of every layer, in the order of the network. */
void tf8_run_observed(uint8_t *arena, const uint8_t *input, ${pointers}, tf8_observer observer,
                      void *context);

#ifdef __cplusplus
}
#endif

#endif /* TF8_H */
`;
  return `${HEADER_START} * ${commentText(modelDescription(model))}\n * RAM: ${arenaBytes} bytes of arena, ${outputBytes} of output. */\n${withPrefix(text, prefix)}`;
}

function tensorMacros(name: string, { shape, quantization }: TensorSpec): string {
  const [height, width, channels] = shape;
  const values = {
    HEIGHT: height,
    WIDTH: width,
    CHANNELS: channels,
    BYTES: elements(shape),
    SCALE: floatLiteral(quantization.scale),
    ZERO_POINT: quantization.zeroPoint,
  };
  return Object.entries(values)
    .map(([key, value]) => `#define TF8_${name}_${key} ${value}`)
    .join('\n');
}
