import { create, toBinary } from '@bufbuild/protobuf';
import { convLayers } from '../../architectures/mobilenet_v1.ts';
import { STANDARD } from '../../architectures/variants.ts';
import {
  GraphDefSchema,
  NodeDefSchema,
} from '../../checkpoints/graph_def/generated/graph_def_pb.ts';
import type { WeightTensor } from '../../checkpoints/weight_tensor.ts';

/** The smallest network: every layer but the last few has the minimum of 8 filters. */
export const TINY = { widthMultiplier: 0.02, resolution: 32, classes: 5 };

/** n numbers in [0.1, 1.1), the same at every run; every tensor of a network may hold them. */
export function someValues(n: number, seed: number): Float32Array {
  let state = seed + 1;
  return Float32Array.from({ length: n }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return 0.1 + state / 2 ** 32;
  });
}

/** The tensors of a standard MobileNetV1 by slim's names, with made-up values. */
export function slimTensors(config: typeof TINY): Map<string, WeightTensor> {
  const tensors = new Map<string, WeightTensor>();
  const add = (name: string, shape: readonly number[]) => {
    const length = shape.reduce((product, size) => product * size, 1);
    tensors.set(`MobilenetV1/${name}`, { shape, values: someValues(length, tensors.size) });
  };
  for (const { kind, name, kernel, inputShape, outputShape } of convLayers({
    ...config,
    variant: STANDARD,
  })) {
    const channels = outputShape[2];
    if (kind === 'logits') {
      add(`Logits/${name}/weights`, [1, 1, inputShape[2], channels]);
      add(`Logits/${name}/biases`, [channels]);
      continue;
    }
    if (kind === 'depthwise') add(`${name}/depthwise_weights`, [...kernel, channels, 1]);
    else add(`${name}/weights`, [...kernel, inputShape[2], channels]);
    for (const statistic of ['gamma', 'beta', 'moving_mean', 'moving_variance']) {
      add(`${name}/BatchNorm/${statistic}`, [channels]);
    }
  }
  return tensors;
}

/** What a test may set of a TensorProto. */
export interface TensorFields {
  readonly dtype?: number;
  readonly dims?: readonly number[];
  readonly unknownRank?: boolean;
  readonly content?: Uint8Array;
  readonly floats?: readonly number[];
}

/** A Const node of a GraphDef. */
export function constNode(name: string, tensor: TensorFields) {
  return create(NodeDefSchema, {
    name,
    op: 'Const',
    attr: {
      value: {
        value: {
          case: 'tensor',
          value: {
            dtype: tensor.dtype ?? 1,
            tensorShape: {
              dim: (tensor.dims ?? []).map((size) => ({ size: BigInt(size) })),
              unknownRank: tensor.unknownRank ?? false,
            },
            tensorContent: tensor.content ?? new Uint8Array(0),
            floatVal: [...(tensor.floats ?? [])],
          },
        },
      },
    },
  });
}

export function graphBytes(nodes: readonly ReturnType<typeof constNode>[]): Uint8Array {
  return toBinary(GraphDefSchema, create(GraphDefSchema, { node: [...nodes] }));
}

/** A serialized frozen graph of these float32 tensors. */
export function frozenGraph(tensors: ReadonlyMap<string, WeightTensor>): Uint8Array {
  return graphBytes(
    [...tensors].map(([name, { shape, values }]) =>
      constNode(name, { dims: shape, content: littleEndian(values) }),
    ),
  );
}

export function littleEndian(values: Float32Array): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 * values.length));
  values.forEach((value, index) => {
    view.setFloat32(4 * index, value, true);
  });
  return new Uint8Array(view.buffer);
}
