import { isWeighted } from '../../model/tf8_model.ts';
import { modelDescription } from '../description.ts';
import { outputParameters } from './header.ts';
import { KERNELS, kernelSource } from './kernels.ts';
import { commentText, numberLines } from './literals.ts';
import { type CNetwork, usedKernels } from './network.ts';
import { withPrefix } from './prefix.ts';
import type { CNode, Members } from './steps.ts';

/** What a library begins with. */
export const LIBRARY_START =
  '/* A TF8 network in C99, written by "tf8 export": include its header.\n';
/** In front of the head of the TF8 file, in base64. */
export const HEAD_START = '\n/* TF8_HEAD\n';
export const HEAD_END = '\n*/\n';

/** A node's arrays in flash, each called PREFIX_NAME_INDEX. */
const ARRAY_TYPES = {
  weights: 'uint8_t',
  bias: 'int32_t',
  table: 'uint8_t',
  rows: 'int32_t',
  columns: 'int32_t',
  powers: 'float',
  alpha: 'uint8_t',
} as const;

/** Of a requantization's factors in a line. */
const FACTORS_A_LINE = 4;

type Entry = CNetwork['nodes'][number];

/**
 * The definitions of a library: the kernels that the network needs, its weights in constant memory, and
 * the function that calls one after the other.
 * @param header its name, for #include
 * @param head the TF8 file's, in base64
 */
export function cLibrary(network: CNetwork, header: string, head: string): string {
  const { model, prefix, nodes, arithmetic } = network;
  const floats =
    arithmetic === 'float'
      ? ' * Needs IEEE single precision and rounding to nearest, C99 defaults.\n'
      : ' * Computes in integers only.\n';
  const source = withPrefix(kernelSource(usedKernels(network), arithmetic), prefix);
  return [
    `${LIBRARY_START} * ${commentText(modelDescription(model))}`,
    ' * Equations have the numbers of quantize/params/README.md of tf8.',
    `${floats} */`,
    `#include "${header}"\n`,
    source,
    ...nodes.map((entry, index) => nodeConstants(entry, index, prefix)),
    runFunctions(network),
    `${HEAD_START}${head.replace(/.{100}/g, '$&\n')}${HEAD_END}`,
  ].join('\n');
}

function nodeConstants(entry: Entry, index: number, prefix: string): string {
  const arrays = (Object.keys(ARRAY_TYPES) as (keyof typeof ARRAY_TYPES)[]).flatMap((name) => {
    const values = entry.arrays[name];
    // A sound model's biases lie above −2³¹: with them its accumulators stay in ±(2³¹ − 1).
    return values === undefined
      ? []
      : [
          `static const ${ARRAY_TYPES[name]} ${prefix}_${name}_${index}[${values.length}] = {\n${numberLines(values)}};`,
        ];
  });
  const { factors } = entry.arrays;
  if (factors !== undefined) {
    arrays.push(
      `static const ${prefix}_factor ${prefix}_factors_${index}[${factors.length}] = {\n${factorLines(factors)}};`,
    );
  }
  const layers = entry.steps.map(({ kernel, members }, step) => {
    const pointers = Object.keys(entry.arrays).map((name) => [name, `${prefix}_${name}_${index}`]);
    const all: Members = { ...members, ...Object.fromEntries(pointers) };
    return `static const ${prefix}_${KERNELS[kernel].layer} ${layerName(entry, index, step, prefix)} = ${initializer(all)};`;
  });
  return [`/* ${commentText(entry.node.name)} */`, ...arrays, ...layers, ''].join('\n');
}

function factorLines(factors: readonly Members[]): string {
  const texts = factors.map(initializer);
  const lines: string[] = [];
  for (let first = 0; first < texts.length; first += FACTORS_A_LINE) {
    lines.push(texts.slice(first, first + FACTORS_A_LINE).join(', '));
  }
  return lines.join(',\n');
}

function layerName({ steps }: CNode, index: number, step: number, prefix: string): string {
  return `${prefix}_layer_${index}${steps.length === 1 ? '' : `_${step}`}`;
}

/** A struct's members that are not 0; a struct has at least one. */
function initializer(members: Members): string {
  const present = Object.entries(members).filter(([, value]) => value !== 0);
  const texts = present.map(
    ([name, value]) => `.${name} = ${typeof value === 'object' ? initializer(value) : value}`,
  );
  return texts.length === 0 ? '{0}' : `{${texts.join(', ')}}`;
}

function runFunctions(network: CNetwork): string {
  const { prefix, nodes, outputs, model, offsets } = network;
  const parameters = outputParameters(network);
  const place = (name: string): string => {
    if (name === model.input.name) return 'input';
    const output = outputs.findIndex((each) => each.name === name);
    return output < 0 ? `arena + ${offsets.get(name)}` : parameters[output];
  };
  const lines = nodes.flatMap((entry, index) => {
    const { node, steps } = entry;
    const [height, width, channels] = node.output.shape;
    const calls = steps.map(({ kernel, inputs }, step) => {
      const read = inputs.map((input) => place(node.inputs[input]));
      const passed = [`&${layerName(entry, index, step, prefix)}`, ...read, place(node.name)];
      return `  ${prefix}_${kernel}(${passed.join(', ')});`;
    });
    return [
      `  /* ${commentText(node.name)}${isWeighted(node) ? `, ${node.activation}` : ''}: ${height} x ${width} x ${channels} */`,
      ...calls,
      `  if (observer != NULL) observer(context, ${index}, ${place(node.name)}, ${height * width * channels});`,
    ];
  });
  const usesArena = lines.some((line) => line.includes('arena + '));
  const pointers = parameters.map((name) => `uint8_t *${name}`).join(', ');
  const name = `${prefix}_run`;
  return [
    `void ${name}_observed(uint8_t *arena, const uint8_t *input, ${pointers},`,
    `                      ${prefix}_observer observer, void *context) {`,
    ...(usesArena ? [] : ['  (void)arena;']),
    ...lines,
    '}\n',
    `void ${name}(uint8_t *arena, const uint8_t *input, ${pointers}) {`,
    `  ${name}_observed(arena, input, ${parameters.join(', ')}, NULL, NULL);`,
    '}',
  ].join('\n');
}
