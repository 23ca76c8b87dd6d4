/**
 * InceptionV3 (arXiv 1512.00567) as a table of modules, with the endpoint names of TF-slim's
 * `inception_v3`. One loop (`inception_v3_layers.ts`) resolves the table's shapes, for the network
 * (`build_network.ts`) and for its costs (`layer_costs.ts`).
 *
 * The auxiliary head (`AuxLogits`) is left out: slim adds its loss while training and never evaluates
 * it, so that a network that is quantized does not have it. Training here does without.
 */
import type { PaddingScheme } from './conv_layer.ts';
import type { Kernel } from './network_layers.ts';

export type InceptionRow =
  /** A convolution, batch norm without γ, ReLU. The name need not tell the kernel: see Mixed_6a. */
  | {
      readonly op: 'conv';
      readonly name: string;
      readonly kernel: Kernel;
      readonly filters: number;
      readonly stride: 1 | 2;
      readonly padding: PaddingScheme;
    }
  /** The largest of 3 × 3, stride 2, "valid". */
  | { readonly op: 'maxPool'; readonly name: string }
  /** The mean of 3 × 3, stride 1, "same": at the border of the positions inside the image. */
  | { readonly op: 'averagePool'; readonly name: string }
  /** Reads one tensor by several branches and joins their channels. */
  | { readonly op: 'concat'; readonly name: string; readonly branches: readonly Branch[] };

/** Rows one after the other; `scope` stands before their names. */
export interface Branch {
  readonly scope: string;
  readonly rows: readonly InceptionRow[];
}

interface ConvOptions {
  readonly stride?: 1 | 2;
  readonly padding?: PaddingScheme;
}

const VALID: ConvOptions = { padding: 'valid' };
const HALVED: ConvOptions = { stride: 2, padding: 'valid' };

function conv(
  name: string,
  kernel: Kernel,
  filters: number,
  options: ConvOptions = {},
): InceptionRow {
  return { op: 'conv', name, kernel, filters, stride: 1, padding: 'same', ...options };
}

function maxPool(name: string): InceptionRow {
  return { op: 'maxPool', name };
}

function averagePool(name: string): InceptionRow {
  return { op: 'averagePool', name };
}

/** A module; its branches are named `Branch_0`, `Branch_1` … */
function mixed(name: string, ...branches: readonly (readonly InceptionRow[])[]): InceptionRow {
  return {
    op: 'concat',
    name,
    branches: branches.map((rows, index) => ({ scope: `${name}/Branch_${index}/`, rows })),
  };
}

/** The end of a branch: convolutions that all read the row before, their channels joined. */
function fan(...rows: readonly InceptionRow[]): InceptionRow {
  return {
    op: 'concat',
    name: 'concat',
    branches: rows.map((row) => ({ scope: '', rows: [row] })),
  };
}

/** 5 × 5, two 3 × 3, and pooling with so many filters (figure 5 of the paper). */
function mixed5(name: string, poolFilters: number, fiveByFive: readonly [string, string]) {
  const [reduce, convolve] = fiveByFive;
  return mixed(
    name,
    [conv('Conv2d_0a_1x1', [1, 1], 64)],
    [conv(reduce, [1, 1], 48), conv(convolve, [5, 5], 64)],
    [
      conv('Conv2d_0a_1x1', [1, 1], 64),
      conv('Conv2d_0b_3x3', [3, 3], 96),
      conv('Conv2d_0c_3x3', [3, 3], 96),
    ],
    [averagePool('AvgPool_0a_3x3'), conv('Conv2d_0b_1x1', [1, 1], poolFilters)],
  );
}

/** 7 × 7 as 1 × 7 and 7 × 1, with so many filters between (figure 6). */
function mixed6(name: string, filters: number) {
  return mixed(
    name,
    [conv('Conv2d_0a_1x1', [1, 1], 192)],
    [
      conv('Conv2d_0a_1x1', [1, 1], filters),
      conv('Conv2d_0b_1x7', [1, 7], filters),
      conv('Conv2d_0c_7x1', [7, 1], 192),
    ],
    [
      conv('Conv2d_0a_1x1', [1, 1], filters),
      conv('Conv2d_0b_7x1', [7, 1], filters),
      conv('Conv2d_0c_1x7', [1, 7], filters),
      conv('Conv2d_0d_7x1', [7, 1], filters),
      conv('Conv2d_0e_1x7', [1, 7], 192),
    ],
    [averagePool('AvgPool_0a_3x3'), conv('Conv2d_0b_1x1', [1, 1], 192)],
  );
}

/** 3 × 3 as 1 × 3 beside 3 × 1 (figure 7). */
function mixed7(name: string, threeByOne: string) {
  return mixed(
    name,
    [conv('Conv2d_0a_1x1', [1, 1], 320)],
    [
      conv('Conv2d_0a_1x1', [1, 1], 384),
      fan(conv('Conv2d_0b_1x3', [1, 3], 384), conv(threeByOne, [3, 1], 384)),
    ],
    [
      conv('Conv2d_0a_1x1', [1, 1], 448),
      conv('Conv2d_0b_3x3', [3, 3], 384),
      fan(conv('Conv2d_0c_1x3', [1, 3], 384), conv('Conv2d_0d_3x1', [3, 1], 384)),
    ],
    [averagePool('AvgPool_0a_3x3'), conv('Conv2d_0b_1x1', [1, 1], 192)],
  );
}

/** The network up to `Mixed_7c`, at width multiplier 1; slim's names, where they differ too. */
export const INCEPTION_V3_ROWS: readonly InceptionRow[] = [
  conv('Conv2d_1a_3x3', [3, 3], 32, HALVED),
  conv('Conv2d_2a_3x3', [3, 3], 32, VALID),
  conv('Conv2d_2b_3x3', [3, 3], 64),
  maxPool('MaxPool_3a_3x3'),
  conv('Conv2d_3b_1x1', [1, 1], 80, VALID),
  conv('Conv2d_4a_3x3', [3, 3], 192, VALID),
  maxPool('MaxPool_5a_3x3'),
  mixed5('Mixed_5b', 32, ['Conv2d_0a_1x1', 'Conv2d_0b_5x5']),
  mixed5('Mixed_5c', 64, ['Conv2d_0b_1x1', 'Conv_1_0c_5x5']),
  mixed5('Mixed_5d', 64, ['Conv2d_0a_1x1', 'Conv2d_0b_5x5']),
  mixed(
    'Mixed_6a',
    [conv('Conv2d_1a_1x1', [3, 3], 384, HALVED)],
    [
      conv('Conv2d_0a_1x1', [1, 1], 64),
      conv('Conv2d_0b_3x3', [3, 3], 96),
      conv('Conv2d_1a_1x1', [3, 3], 96, HALVED),
    ],
    [maxPool('MaxPool_1a_3x3')],
  ),
  mixed6('Mixed_6b', 128),
  mixed6('Mixed_6c', 160),
  mixed6('Mixed_6d', 160),
  mixed6('Mixed_6e', 192),
  mixed(
    'Mixed_7a',
    [conv('Conv2d_0a_1x1', [1, 1], 192), conv('Conv2d_1a_3x3', [3, 3], 320, HALVED)],
    [
      conv('Conv2d_0a_1x1', [1, 1], 192),
      conv('Conv2d_0b_1x7', [1, 7], 192),
      conv('Conv2d_0c_7x1', [7, 1], 192),
      conv('Conv2d_1a_3x3', [3, 3], 192, HALVED),
    ],
    [maxPool('MaxPool_1a_3x3')],
  ),
  mixed7('Mixed_7b', 'Conv2d_0b_3x1'),
  mixed7('Mixed_7c', 'Conv2d_0c_3x1'),
];
