import { BATCH_NORM_EPSILON, type ConvLayer } from '../../architectures/conv_layer.ts';
import { layersOf, type NetworkConfig } from '../../architectures/network.ts';
import { convolutionsOf } from '../../architectures/network_layers.ts';
import { networkNamed } from '../../architectures/registry.ts';
import { UserError } from '../../foundation/errors.ts';
import type { GraphConstant } from '../graph_def/graph_def.ts';
import type { WeightTensor } from '../weight_tensor.ts';

const SHOWN_PROBLEMS = 10;

export interface SlimNetwork {
  /** Scope of every layer: "MobilenetV1", "InceptionV3". */
  readonly scope: string;
  readonly layers: readonly ConvLayer[];
  /** For errors: "a MobileNetV1 of width 1 with 1001 classes". */
  readonly title: string;
}

/**
 * Picks the weights of one of TF-slim's networks out of its constants or variables and gives them the
 * names of `buildNetwork`: `MobilenetV1/Conv2d_1_depthwise/depthwise_weights` becomes
 * `Conv2d_1_depthwise/depthwise_kernel`. Other constants are ignored. Shapes need no change: slim
 * has [kh, kw, C, M] and [kh, kw, C, 1], as tfjs does. A layer without a batch norm has `biases`.
 *
 * @param fileName what errors call the file
 * @returns LayersModel weight name → tensor, complete for the network
 * @throws UserError listing (the first ten of) the tensors that are missing, have another shape or
 *   type, or hold values that no trained network has
 */
function slimWeights(
  constants: ReadonlyMap<string, GraphConstant>,
  { scope, layers, title }: SlimNetwork,
  fileName: string,
): Map<string, WeightTensor> {
  const weights = new Map<string, WeightTensor>();
  const problems: string[] = [];
  for (const layer of layers) {
    for (const { slim, name, shape, nonNegative } of layerTensors(layer, scope)) {
      const constant = constants.get(slim);
      const problem = problemOf(constant, shape, nonNegative);
      if (problem !== undefined) problems.push(`${slim}: ${problem}`);
      else weights.set(name, { shape, values: constant!.values! });
    }
    if (layer.batchNorm) {
      const slim = `${scope}/${scope}/${layer.name}/BatchNorm/batchnorm/add/y`;
      // Present where the graph computes the batch norm from single operations.
      const epsilon = constants.get(slim)?.values?.[0];
      if (epsilon !== undefined && epsilon !== Math.fround(BATCH_NORM_EPSILON)) {
        problems.push(`${slim}: expected epsilon ${BATCH_NORM_EPSILON} but received ${epsilon}`);
      }
    }
  }
  if (problems.length > 0) throw unusable(problems, title, fileName);
  return weights;
}

/** `slimWeights` of a network of ours. */
export function slimNetworkWeights(
  constants: ReadonlyMap<string, GraphConstant>,
  config: NetworkConfig,
  fileName: string,
): Map<string, WeightTensor> {
  const { network, widthMultiplier, classes } = config;
  const { modelName, oneTitle } = networkNamed(network);
  const scope = modelName.replace(/_(Large|Small)$/, ''); // Both sizes of MobileNetV3 have one name.
  const layers = convolutionsOf(layersOf(config));
  const title = `${oneTitle} of width ${widthMultiplier} with ${classes} classes`;
  return slimWeights(constants, { scope, layers, title }, fileName);
}

interface LayerTensor {
  readonly slim: string;
  readonly name: string;
  readonly shape: readonly number[];
  readonly nonNegative?: boolean;
}

function layerTensors(layer: ConvLayer, scope: string): LayerTensor[] {
  const { name, kind } = layer;
  const channels = layer.outputShape[2];
  const shape = [...layer.kernel, layer.inputShape[2], kind === 'depthwise' ? 1 : channels];
  if (kind === 'logits') {
    const slim = `${scope}/Logits/${name}`;
    return [
      { slim: `${slim}/weights`, name: `${name}/kernel`, shape },
      { slim: `${slim}/biases`, name: `${name}/bias`, shape: [channels] },
    ];
  }
  const slim = `${scope}/${name}`;
  const kernel =
    kind === 'depthwise'
      ? { slim: `${slim}/depthwise_weights`, name: `${name}/depthwise_kernel`, shape }
      : { slim: `${slim}/weights`, name: `${name}/kernel`, shape };
  if (!layer.batchNorm) {
    return [kernel, { slim: `${slim}/biases`, name: `${name}/bias`, shape: [channels] }];
  }
  const names = ['beta', 'moving_mean', 'moving_variance'];
  if (layer.batchNormScale) names.unshift('gamma');
  const statistics = names.map((statistic) => ({
    slim: `${slim}/BatchNorm/${statistic}`,
    name: `${name}/BatchNorm/${statistic}`,
    shape: [channels],
    nonNegative: statistic === 'moving_variance',
  }));
  return [kernel, ...statistics];
}

function problemOf(
  constant: GraphConstant | undefined,
  shape: readonly number[],
  nonNegative = false,
): string | undefined {
  if (constant === undefined) return `expected shape [${shape}] but the tensor is missing`;
  if (`${constant.shape}` !== `${shape}`) {
    return `expected shape [${shape}] but received [${constant.shape}]`;
  }
  const { values } = constant;
  if (values === undefined) return `expected float32 but received ${constant.dtype}`;
  const bad = values.findIndex((value) => !Number.isFinite(value) || (nonNegative && value < 0));
  if (bad < 0) return undefined;
  const wanted = nonNegative ? 'finite values of at least 0' : 'finite values';
  return `expected ${wanted} but element ${bad} is ${values[bad]}`;
}

function unusable(problems: readonly string[], title: string, fileName: string): UserError {
  const shown = problems.slice(0, SHOWN_PROBLEMS);
  const hidden = problems.length - shown.length;
  if (hidden > 0) shown.push(`and ${hidden} more`);
  return new UserError(
    `Expected the weights of ${title} in ${fileName} but ${problems.length} tensors do not fit:\n  ${shown.join('\n  ')}`,
    { remedy: 'Get the file again: it is cut off, damaged, or holds another network.' },
  );
}
