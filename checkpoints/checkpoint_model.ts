/**
 * A TensorFlow checkpoint as a network: it has no graph, so the names and shapes of its variables tell
 * which one it is.
 */
import type * as tf from '@tensorflow/tfjs';
import { LOGITS, widthMultiplierOf } from '../architectures/conv_layer.ts';
import { LAST_FILTERS } from '../architectures/mobilenet_v1.ts';
import { buildNetwork, type NetworkConfig } from '../architectures/network.ts';
import { STANDARD } from '../architectures/variants.ts';
import { InvalidValueError, UserError } from '../foundation/errors.ts';
import type { GraphConstant } from './graph_def/graph_def.ts';
import type { GraphTensor } from './graph_def/network/tensor_proto.ts';
import { writeModelWeights } from './model_weights.ts';
import { slimNetworkWeights } from './public/slim_weights.ts';
import { damagedCheckpoint } from './tensor_bundle/errors.ts';
import type { Checkpoint, VariableInfo } from './tensor_bundle/variables.ts';

/** What slim's training keeps beside each variable; evaluation is done with it. */
const AVERAGE = '/ExponentialMovingAverage';
const SHOWN = 8;

/** "0.25_128" of mobilenet_v1_0.25_128.ckpt: the weights do not say the images' size. */
const NAMED_RESOLUTION = /_(?:\d+\.\d+|\d)_(\d{3})(?!\d)/;

export interface CheckpointModel {
  readonly model: tf.LayersModel;
  readonly config: NetworkConfig;
  readonly notes: readonly string[];
}

/**
 * Builds the network whose weights a checkpoint holds: slim's MobileNetV1 or InceptionV3 of any width, or
 * Keras' MobileNet.
 * @throws UserError where it holds another network, or tensors are missing or damaged
 */
export async function checkpointModel(checkpoint: Checkpoint): Promise<CheckpointModel> {
  const { name, variables } = checkpoint;
  const keys = slimKeys(checkpoint);
  const network = NETWORKS.find(({ scope }) => keys.has(logitsOf(scope)));
  if (network === undefined) throw unknownNetwork(checkpoint);
  const { scope } = network;
  const outputsOf = (slim: string) => variables.get(keys.get(slim) ?? '')?.shape.at(-1) ?? 0;
  const { layer, filters } = network.widthFrom;
  const notes: string[] = [];
  const config = network.configOf({
    widthMultiplier: widthMultiplierOf(outputsOf(`${scope}/${layer}/weights`), filters),
    classes: outputsOf(logitsOf(scope)),
    resolution: resolutionOf(name, network.resolution, notes),
  });
  const chosen = withAverages(keys, variables, scope, notes);
  const tensors = await checkpoint.read(new Set(chosen.values()));
  const constants = new Map(
    [...chosen].map(([slim, key]): [string, GraphConstant] => [slim, floats(tensors.get(key)!)]),
  );
  try {
    const weights = slimNetworkWeights(constants, config, name);
    const model = buildNetwork(config);
    writeModelWeights(model, weights);
    return { model, config, notes };
  } catch (error) {
    if (!(error instanceof InvalidValueError)) throw error;
    // A width or a number of classes that no network has.
    throw damagedCheckpoint(
      name,
      `its ${logitsOf(scope)} fit no network (${error.message})`,
      error,
    );
  }
}

interface Sizes {
  readonly widthMultiplier: number;
  readonly resolution: number;
  readonly classes: number;
}

const NETWORKS: readonly {
  readonly scope: string;
  /** A wide convolution, and its filters at width multiplier 1. */
  readonly widthFrom: { readonly layer: string; readonly filters: number };
  readonly resolution: number;
  readonly configOf: (sizes: Sizes) => NetworkConfig;
}[] = [
  {
    scope: 'MobilenetV1',
    widthFrom: { layer: 'Conv2d_13_pointwise', filters: LAST_FILTERS },
    resolution: 224,
    configOf: (sizes) => ({ network: 'mobilenet_v1', variant: STANDARD, ...sizes }),
  },
  {
    scope: 'InceptionV3',
    widthFrom: { layer: 'Mixed_7c/Branch_1/Conv2d_0a_1x1', filters: 384 },
    resolution: 299,
    configOf: (sizes) => ({ network: 'inception_v3', ...sizes }),
  },
];

function logitsOf(scope: string): string {
  return `${scope}/Logits/${LOGITS}/weights`;
}

/** slim's names of the variables → their names in the checkpoint. */
function slimKeys({ variables, objectNames }: Checkpoint): Map<string, string> {
  const named: [string, string][] = [
    ...[...variables.keys()].map((key): [string, string] => [key, key]),
    ...[...objectNames].flatMap(([name, key]): [string, string][] =>
      key === undefined ? [] : [[name, key]],
    ),
  ];
  return new Map(named.map(([name, key]) => [slimNameOfKeras(name) ?? name, key]));
}

const KERAS_LAYER =
  /^conv(1|_preds|_dw_(?<depthwise>\d+)|_pw_(?<pointwise>\d+))(?<bn>_bn)?\/(?<weight>\w+)$/;

/** `conv_dw_1_bn/gamma` of Keras' MobileNet is `MobilenetV1/Conv2d_1_depthwise/BatchNorm/gamma`. */
export function slimNameOfKeras(name: string): string | undefined {
  const match = KERAS_LAYER.exec(name);
  if (match === null) return undefined;
  const { depthwise, pointwise, bn, weight } = match.groups!;
  const renamed = WEIGHT_NAMES[weight] ?? weight;
  if (match[1] === '_preds') return `MobilenetV1/Logits/${LOGITS}/${renamed}`;
  const layer =
    depthwise !== undefined
      ? `Conv2d_${depthwise}_depthwise`
      : pointwise !== undefined
        ? `Conv2d_${pointwise}_pointwise`
        : 'Conv2d_0';
  return `MobilenetV1/${layer}/${bn === undefined ? '' : 'BatchNorm/'}${renamed}`;
}

const WEIGHT_NAMES: Readonly<Record<string, string>> = {
  kernel: 'weights',
  bias: 'biases',
  depthwise_kernel: 'depthwise_weights',
};

/** The network's variables, or their moving averages where it has them. */
function withAverages(
  keys: ReadonlyMap<string, string>,
  variables: ReadonlyMap<string, VariableInfo>,
  scope: string,
  notes: string[],
): Map<string, string> {
  const chosen = new Map<string, string>();
  let averages = 0;
  for (const [name, key] of keys) {
    const isOfNetwork = name.startsWith(`${scope}/`) && SLIM_WEIGHT.test(name);
    if (!isOfNetwork) continue;
    const average = keys.get(`${name}${AVERAGE}`);
    if (average !== undefined && variables.has(average)) averages++;
    chosen.set(name, average ?? key);
  }
  if (averages > 0) {
    notes.push(
      `${averages} variables are taken from their moving averages (ExponentialMovingAverage)`,
    );
  }
  return chosen;
}

/** What follows a layer's name; optimizers add parts behind it. */
const SLIM_WEIGHT = /\/(weights|biases|depthwise_weights|gamma|beta|moving_mean|moving_variance)$/;

function resolutionOf(name: string, otherwise: number, notes: string[]): number {
  const named = NAMED_RESOLUTION.exec(name)?.[1];
  if (named !== undefined) return Number(named);
  notes.push(
    `a checkpoint does not say the size of its images: the network is built for ${otherwise} × ${otherwise}`,
  );
  return otherwise;
}

function floats({ dtype, shape, values }: GraphTensor): GraphConstant {
  return { dtype, shape, values: values instanceof Float32Array ? values : undefined };
}

function unknownNetwork({ name, variables }: Checkpoint): UserError {
  const names = [...variables.keys()];
  const more = names.length > SHOWN ? ', …' : '';
  return new UserError(
    `Expected the variables of slim's MobilenetV1 or InceptionV3, or of Keras' MobileNet, in ${name} but its ${names.length} are ${names.slice(0, SHOWN).join(', ')}${more}`,
    {
      remedy:
        'A checkpoint has no graph: for another network pass a SavedModel or a frozen graph of it.',
    },
  );
}
