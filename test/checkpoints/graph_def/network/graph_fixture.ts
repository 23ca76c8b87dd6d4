import { create, toBinary } from '@bufbuild/protobuf';
import { batchNormOf, type ConvLayer } from '../../../../architectures/conv_layer.ts';
import { convLayers } from '../../../../architectures/mobilenet_v1.ts';
import { STANDARD } from '../../../../architectures/variants.ts';
import {
  type GraphDef,
  GraphDefSchema,
  SavedModelSchema,
} from '../../../../checkpoints/graph_def/generated/graph_def_pb.ts';
import type { Sizes } from '../../live_mobilenet.ts';
import { littleEndian, slimTensors } from '../../support.ts';

type Attribute =
  | { readonly s: string }
  | { readonly b: boolean }
  | { readonly f: number }
  | { readonly i: number }
  | { readonly ints: readonly number[] }
  | { readonly texts: readonly string[] }
  | { readonly shape: readonly number[] };

export interface FixtureNode {
  readonly name: string;
  readonly op: string;
  readonly inputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

export interface FixtureTensor {
  readonly shape: readonly number[];
  readonly values: Float32Array | Int32Array;
}

const WINDOW = {
  padding: { s: 'SAME' },
  data_format: { s: 'NHWC' },
  dilations: { ints: [1, 1, 1, 1] },
} as const;

/** A graph that is written node by node, for any of the formats that hold graphs. */
export class GraphFixture {
  readonly nodes: FixtureNode[] = [];
  readonly constants = new Map<string, FixtureTensor>();

  add(
    name: string,
    op: string,
    inputs: readonly string[],
    attributes: FixtureNode['attributes'] = {},
  ): string {
    this.nodes.push({ name, op, inputs, attributes });
    return name;
  }

  input(shape: readonly number[]): string {
    return this.add('input', 'Placeholder', [], { shape: { shape } });
  }

  floats(name: string, shape: readonly number[], values: ArrayLike<number>): string {
    this.constants.set(name, { shape, values: Float32Array.from(values) });
    return this.add(name, 'Const', []);
  }

  integers(name: string, values: readonly number[]): string {
    this.constants.set(name, { shape: [values.length], values: Int32Array.from(values) });
    return this.add(name, 'Const', []);
  }

  /** A dilated convolution with zeros around it, spelled out; of the last rows and columns `crop` are cropped. */
  spacedConv(
    name: string,
    x: string,
    kernel: string,
    {
      dilation,
      padding,
      crop,
      isDepthwise,
    }: {
      readonly dilation: number;
      readonly padding: number;
      readonly crop: number;
      readonly isDepthwise: boolean;
    },
  ): string {
    const block = this.integers(`${name}/block`, [dilation, dilation]);
    const sides = [padding, padding + crop, padding, padding + crop];
    const pads = this.pairs(`${name}/pads`, sides);
    const crops = this.pairs(`${name}/crops`, [0, crop, 0, crop]);
    const divided = this.add(`${name}/divided`, 'SpaceToBatchND', [x, block, pads]);
    const convolution = this.add(
      `${name}/conv`,
      isDepthwise ? 'DepthwiseConv2dNative' : 'Conv2D',
      [divided, kernel],
      { ...WINDOW, padding: { s: 'VALID' }, strides: { ints: [1, 1, 1, 1] } },
    );
    return this.add(name, 'BatchToSpaceND', [convolution, block, crops]);
  }

  private pairs(name: string, values: readonly number[]): string {
    this.constants.set(name, { shape: [values.length / 2, 2], values: Int32Array.from(values) });
    return this.add(name, 'Const', []);
  }

  dilatedConv(name: string, x: string, kernel: string, dilation: number, isDepthwise: boolean) {
    return this.add(name, isDepthwise ? 'DepthwiseConv2dNative' : 'Conv2D', [x, kernel], {
      ...WINDOW,
      strides: { ints: [1, 1, 1, 1] },
      dilations: { ints: [1, dilation, dilation, 1] },
    });
  }

  conv(name: string, x: string, kernel: string, stride: number, isDepthwise = false): string {
    return this.add(name, isDepthwise ? 'DepthwiseConv2dNative' : 'Conv2D', [x, kernel], {
      ...WINDOW,
      strides: { ints: [1, stride, stride, 1] },
    });
  }

  graphDef(): GraphDef {
    return create(GraphDefSchema, {
      node: this.nodes.map(({ name, op, inputs, attributes }) => ({
        name,
        op,
        input: [...inputs],
        attr: {
          ...Object.fromEntries(
            Object.entries(attributes).map(([key, value]) => [key, { value: protoValue(value) }]),
          ),
          ...this.valueOf(name),
        },
      })),
    });
  }

  /** The bytes of a frozen graph. */
  frozen(): Uint8Array {
    return toBinary(GraphDefSchema, this.graphDef());
  }

  /** The bytes of a saved_model.pb whose variables, if any, lie elsewhere. */
  savedModel(output: string): Uint8Array {
    const tensorInfo = (name: string) => ({ name: `${name}:0` });
    const savedModel = create(SavedModelSchema, {
      metaGraphs: [
        {
          metaInfoDef: { tags: ['serve'] },
          graphDef: this.graphDef(),
          signatureDef: {
            serving_default: {
              inputs: { images: tensorInfo('input') },
              outputs: { predictions: tensorInfo(output) },
            },
          },
        },
      ],
    });
    return toBinary(SavedModelSchema, savedModel);
  }

  /** A tfjs GraphModel. */
  graphModel() {
    const constants = [...this.constants];
    return {
      json: {
        format: 'graph-model',
        modelTopology: {
          node: this.nodes.map(({ name, op, inputs, attributes }) => ({
            name,
            op,
            input: [...inputs],
            attr: {
              ...Object.fromEntries(
                Object.entries(attributes).map(([key, value]) => [key, jsonValue(value)]),
              ),
              ...(op === 'Const' && {
                dtype: { type: this.isInteger(name) ? 'DT_INT32' : 'DT_FLOAT' },
              }),
            },
          })),
          versions: { producer: 1 },
        },
        weightsManifest: [
          {
            paths: ['group1-shard1of1.bin'],
            weights: constants.map(([name, { shape }]) => ({
              name,
              shape: [...shape],
              dtype: this.isInteger(name) ? ('int32' as const) : ('float32' as const),
            })),
          },
        ],
      },
      weights: Buffer.concat(
        constants.map(([, { values }]) =>
          values instanceof Float32Array
            ? littleEndian(values)
            : Buffer.from(values.buffer, values.byteOffset, values.byteLength),
        ),
      ),
    };
  }

  private isInteger(name: string): boolean {
    return this.constants.get(name)?.values instanceof Int32Array;
  }

  private valueOf(name: string) {
    const tensor = this.constants.get(name);
    if (tensor === undefined) return {};
    const dim = tensor.shape.map((size) => ({ size: BigInt(size) }));
    const content =
      tensor.values instanceof Float32Array
        ? { dtype: 1, tensorContent: littleEndian(tensor.values) }
        : { dtype: 3, intVal: [...tensor.values] };
    return {
      value: { value: { case: 'tensor' as const, value: { ...content, tensorShape: { dim } } } },
    };
  }
}

function protoValue(attribute: Attribute) {
  if ('s' in attribute) return { case: 's' as const, value: Buffer.from(attribute.s) };
  if ('b' in attribute) return { case: 'b' as const, value: attribute.b };
  if ('f' in attribute) return { case: 'f' as const, value: attribute.f };
  if ('i' in attribute) return { case: 'i' as const, value: BigInt(attribute.i) };
  if ('shape' in attribute) {
    const dim = attribute.shape.map((size) => ({ size: BigInt(size) }));
    return { case: 'shape' as const, value: { dim } };
  }
  return {
    case: 'list' as const,
    value:
      'ints' in attribute
        ? { i: attribute.ints.map(BigInt) }
        : { s: attribute.texts.map((text) => Buffer.from(text)) },
  };
}

function jsonValue(attribute: Attribute): Record<string, unknown> {
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  if ('s' in attribute) return { s: base64(attribute.s) };
  if ('b' in attribute) return { b: attribute.b };
  if ('f' in attribute) return { f: attribute.f };
  if ('i' in attribute) return { i: String(attribute.i) };
  if ('shape' in attribute) {
    return { shape: { dim: attribute.shape.map((size) => ({ size: String(size) })) } };
  }
  return 'ints' in attribute
    ? { list: { i: attribute.ints.map(String) } }
    : { list: { s: attribute.texts.map(base64) } };
}

/** How a graph writes a batch norm: one node; TF-slim's arithmetic of 2017; (x − μ) · scale + β; not at all. */
export type BatchNormForm = 'fused' | 'arithmetic' | 'centred' | 'folded' | 'fused convolution';

/**
 * A standard MobileNetV1 with slim's names, ending in `MobilenetV1/Predictions/Reshape_1`.
 * @param tensors its weights by slim's names; made-up ones unless given
 */
export function mobileNetGraph(
  sizes: Sizes,
  form: BatchNormForm,
  tensors = slimTensors(sizes),
): GraphFixture {
  const graph = new GraphFixture();
  let x = graph.input([-1, sizes.resolution, sizes.resolution, 3]);
  const weight = (name: string) => {
    const { shape, values } = tensors.get(name)!;
    return graph.floats(name, shape, values);
  };
  const layers = convLayers({ ...sizes, variant: STANDARD });
  for (const layer of layers) {
    if (layer.kind === 'logits') {
      const size = layers.at(-2)!.outputShape[0];
      x = graph.add('MobilenetV1/Logits/AvgPool_1a/AvgPool', 'AvgPool', [x], {
        ksize: { ints: [1, size, size, 1] },
        strides: { ints: [1, size, size, 1] },
        padding: { s: 'VALID' },
      });
      const scope = `MobilenetV1/Logits/${layer.name}`;
      x = graph.conv(`${scope}/Conv2D`, x, weight(`${scope}/weights`), 1);
      x = graph.add(`${scope}/BiasAdd`, 'BiasAdd', [x, weight(`${scope}/biases`)]);
      continue;
    }
    x = addLayer(graph, layer, x, tensors, form);
  }
  x = graph.add('MobilenetV1/Logits/SpatialSqueeze', 'Squeeze', [x], {
    squeeze_dims: { ints: [1, 2] },
  });
  x = graph.add('MobilenetV1/Predictions/Reshape', 'Reshape', [
    x,
    graph.integers('MobilenetV1/Predictions/Reshape/shape', [-1, sizes.classes]),
  ]);
  x = graph.add('MobilenetV1/Predictions/Softmax', 'Softmax', [x]);
  const shape = graph.add('MobilenetV1/Predictions/Shape', 'Shape', [
    'MobilenetV1/Logits/SpatialSqueeze',
  ]);
  graph.add('MobilenetV1/Predictions/Reshape_1', 'Reshape', [x, shape]);
  return graph;
}

function addLayer(
  graph: GraphFixture,
  layer: ConvLayer,
  from: string,
  tensors: ReturnType<typeof slimTensors>,
  form: BatchNormForm,
): string {
  const scope = `MobilenetV1/${layer.name}`;
  const isDepthwise = layer.kind === 'depthwise';
  const kernelName = `${scope}/${isDepthwise ? 'depthwise_weights' : 'weights'}`;
  const { shape, values } = tensors.get(kernelName)!;
  const statistic = (name: string) =>
    tensors.get(`${scope}/${batchNormOf('').slice(1)}/${name}`)!.values;
  const names = ['gamma', 'beta', 'moving_mean', 'moving_variance'] as const;
  const [gamma, beta, mean, variance] = names.map(statistic) as [
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  const channels = gamma.length;
  const alpha = gamma.map((g, c) => g / Math.sqrt(variance[c] + 0.001));
  const shift = beta.map((b, c) => b - mean[c] * alpha[c]);
  const isFolded = form === 'folded' || form === 'fused convolution';
  const kernel = graph.floats(
    kernelName,
    shape,
    isFolded ? values.map((value, index) => value * alpha[index % channels]) : values,
  );
  const vector = (name: string, content: Float32Array) =>
    graph.floats(`${scope}/BatchNorm/${name}`, [channels], content);
  if (form === 'fused convolution') {
    return graph.add(
      `${scope}/Relu6`,
      isDepthwise ? 'FusedDepthwiseConv2dNative' : '_FusedConv2D',
      [from, kernel, vector('shift', shift)],
      {
        ...WINDOW,
        strides: { ints: [1, layer.stride, layer.stride, 1] },
        fused_ops: { texts: ['BiasAdd', 'Relu6'] },
        num_args: { ints: [1] },
      },
    );
  }
  const x = graph.conv(`${scope}/convolution`, from, kernel, layer.stride, isDepthwise);
  const norm = `${scope}/BatchNorm`;
  const op = (name: string, kind: string, ...inputs: string[]) =>
    graph.add(`${norm}/${name}`, kind, inputs);
  const scale = () => {
    const sum = op(
      'batchnorm/add',
      'AddV2',
      vector('moving_variance', variance),
      graph.floats(`${norm}/batchnorm/add/y`, [], [0.001]),
    );
    return op('batchnorm/mul', 'Mul', op('batchnorm/Rsqrt', 'Rsqrt', sum), vector('gamma', gamma));
  };
  const normalized = (): string => {
    switch (form) {
      case 'fused':
        return graph.add(
          `${norm}/FusedBatchNormV3`,
          'FusedBatchNormV3',
          [
            x,
            vector('gamma', gamma),
            vector('beta', beta),
            vector('moving_mean', mean),
            vector('moving_variance', variance),
          ],
          { epsilon: { f: 0.001 }, is_training: { b: false }, data_format: { s: 'NHWC' } },
        );
      case 'arithmetic': {
        const factor = scale();
        const product = op('batchnorm/mul_1', 'Mul', x, factor);
        const scaledMean = op('batchnorm/mul_2', 'Mul', vector('moving_mean', mean), factor);
        const rest = op('batchnorm/sub', 'Sub', vector('beta', beta), scaledMean);
        return op('batchnorm/add_1', 'Add', product, rest);
      }
      case 'centred': {
        const centred = op('sub', 'Sub', x, vector('moving_mean', mean));
        return op('add', 'AddV2', op('mul', 'Mul', centred, scale()), vector('beta', beta));
      }
      default:
        return graph.add(`${scope}/BiasAdd`, 'BiasAdd', [x, vector('shift', shift)]);
    }
  };
  return graph.add(`${scope}/Relu6`, 'Relu6', [normalized()]);
}
