import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { RoundingName } from '../../params/roundings.ts';

/** How a library requantizes (eq. 5); both give the same bytes. */
export type CArithmetic = 'float' | 'integer';

/** The source of a library's requantization: eq. 5 in single precision or by integers, or eq. 16. */
export type RequantizeSource = CArithmetic | 'double' | 'shift';

/** By the model's rule; the arithmetic is a choice by that of eq. 5 alone. */
export function requantizeSource(
  rounding: RoundingName,
  arithmetic: CArithmetic,
): RequantizeSource {
  switch (rounding) {
    case 'f32-multiply-round-half-even':
      return arithmetic;
    case 'double-rounding':
      return 'double';
    case 'shift-round':
    case 'power-of-two':
      return 'shift';
  }
}

interface Kernel {
  /** Name of its parameters' struct. */
  readonly layer: string;
  /** Parts of source in front of it, in order. */
  readonly needs: readonly Part[];
  /** Bytes of code, the parts left out: see `codeBytes`. */
  readonly bytes: number;
}

type Part = 'clamp' | 'requantize' | 'factor' | 'window' | 'convolution';

/** The parts in the order in which they are written. */
const PARTS: readonly Part[] = ['clamp', 'requantize', 'factor', 'window', 'convolution'];

const CONVOLUTION: readonly Part[] = ['clamp', 'requantize', 'factor', 'window', 'convolution'];

/** The kernels: `kernels/NAME.c` has a function `tf8_NAME` that takes the struct `tf8_LAYER`. */
export const KERNELS = {
  conv2d: { layer: 'convolution', needs: CONVOLUTION, bytes: 180 },
  grouped_conv2d: {
    layer: 'groups',
    needs: ['clamp', 'requantize', 'factor', 'window'],
    bytes: 212,
  },
  depthwise_conv2d: { layer: 'convolution', needs: CONVOLUTION, bytes: 204 },
  transposed_conv2d: { layer: 'convolution', needs: CONVOLUTION, bytes: 268 },
  average_pool2d: { layer: 'window', needs: ['window'], bytes: 136 },
  max_pool2d: { layer: 'window', needs: ['window'], bytes: 118 },
  concat_part: { layer: 'part', needs: ['clamp', 'requantize'], bytes: 68 },
  add: { layer: 'sum', needs: ['clamp'], bytes: 154 },
  multiply: { layer: 'product', needs: ['clamp', 'requantize'], bytes: 88 },
  lookup: { layer: 'table', needs: [], bytes: 24 },
  prelu: { layer: 'slopes', needs: ['clamp'], bytes: 236 },
  rearrange: { layer: 'map', needs: [], bytes: 120 },
  resize: { layer: 'resizing', needs: [], bytes: 204 },
  maximum: { layer: 'greater', needs: [], bytes: 76 },
  minimum: { layer: 'lesser', needs: [], bytes: 76 },
  softmax: { layer: 'shares', needs: [], bytes: 196 },
} as const satisfies Readonly<Record<string, Kernel>>;

export type KernelName = keyof typeof KERNELS;

/** Parts with code of their own; what is inlined counts where it is. */
const PART_BYTES: Readonly<Record<RequantizeSource, Partial<Record<Part, number>>>> = {
  float: { requantize: 172, window: 60 },
  integer: { requantize: 330, window: 60 },
  double: { requantize: 150, window: 60 },
  shift: { requantize: 90, window: 60 },
};

/** Of a call in the function that runs the layers, with its constants. */
const CALL_BYTES = 104;

/** The source of the kernels that are used, each part once. */
export function kernelSource(used: ReadonlySet<KernelName>, arithmetic: RequantizeSource): string {
  const isFixed = arithmetic === 'double' || arithmetic === 'shift';
  const files = neededParts(used).flatMap((part) =>
    part === 'requantize'
      ? [...(isFixed ? ['requantize_fixed'] : []), `requantize_${arithmetic}`]
      : [part],
  );
  const kernels = KERNEL_NAMES.filter((name) => used.has(name));
  return [...files, ...kernels]
    .map((file) => readTemplate(join('kernels', `${file}.c`)))
    .join('\n');
}

/**
 * What the code takes on a Cortex-M4, estimated: the sizes of kernels that gcc 12 makes with -Os.
 * @param calls kernel calls of a run
 */
export function codeBytes(
  used: ReadonlySet<KernelName>,
  calls: number,
  arithmetic: RequantizeSource,
): number {
  const parts = neededParts(used).reduce(
    (sum, part) => sum + (PART_BYTES[arithmetic][part] ?? 0),
    0,
  );
  const kernels = [...used].reduce((sum, name) => sum + KERNELS[name].bytes, 0);
  return parts + kernels + calls * CALL_BYTES;
}

const KERNEL_NAMES = Object.keys(KERNELS) as readonly KernelName[];

function neededParts(used: ReadonlySet<KernelName>): readonly Part[] {
  const needed = new Set<Part>([...used].flatMap((name) => KERNELS[name].needs));
  return PARTS.filter((part) => needed.has(part));
}

/** A file of this folder's source: compiled, this module runs in a folder without it. */
export function readTemplate(name: string): string {
  const place = join('quantize', 'export', 'c', name);
  let root = import.meta.dirname;
  while (!existsSync(join(root, place)) && root !== dirname(root)) root = dirname(root);
  return readFileSync(join(root, place), 'utf8');
}
