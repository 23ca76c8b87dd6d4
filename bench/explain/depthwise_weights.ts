import type * as tf from '@tensorflow/tfjs';
import type { FloatGraph } from '../../architectures/graph/float_graph.ts';
import { type FloatWeightedNode, isWeightedFloat } from '../../architectures/graph/float_node.ts';
import {
  foldingFactors,
  handleZeroVariance,
  type ZeroVariancePolicy,
} from '../../architectures/graph/fold_batch_norm.ts';
import { UserError } from '../../foundation/errors.ts';
import { weightLevels } from '../../quantize/analyze/weight_levels.ts';
import { fuseGraph, fuseLayersModel } from '../../quantize/convert/fuse.ts';
import type { ExplainRecord } from '../../workflows/records/explain_record.ts';
import { median } from '../rounds.ts';
import { figure } from './figure.ts';

type Depthwise = ExplainRecord['depthwise'][number];
type FirstDepthwise = ExplainRecord['firstDepthwise'];
type Trained = ExplainRecord['trained'][number];

/** The depthwise layers of a network, batch norms folded. */
function depthwiseNodes({ nodes }: FloatGraph): FloatWeightedNode[] {
  return nodes.filter(isWeightedFloat).filter(({ op }) => op === 'depthwiseConv2d');
}

/**
 * What folding makes of the depthwise weights of a MobileNetV1 with depthwise batch norms, as it is
 * and with Option 1.
 */
export function measureDepthwise(model: tf.LayersModel): {
  readonly depthwise: Depthwise[];
  readonly firstDepthwise: FirstDepthwise;
} {
  const folded = (zeroVariance: ZeroVariancePolicy) =>
    depthwiseNodes(fuseLayersModel(model, { zeroVariance }));
  const [asPublished, option1] = [folded('keep'), folded('mean')];
  const layers = asPublished.map((node, index) => layerOf(model, node, option1[index]));
  const [first] = layers;
  return {
    depthwise: layers.map(({ summary }) => summary),
    firstDepthwise: {
      layer: first.summary.layer,
      dead: first.dead,
      alpha: first.alpha.map(figure),
      variance: first.variance.map(figure),
      asPublished: channelRanges(asPublished[0]),
      option1: channelRanges(option1[0]),
    },
  };
}

/**
 * The range of the folded depthwise weights of any network that has such layers.
 * @throws UserError where it has none
 */
export function trainedRanges(graph: FloatGraph): Trained['layers'] {
  const nodes = depthwiseNodes(fuseGraph(graph, { zeroVariance: 'keep' }));
  if (nodes.length === 0) {
    throw new UserError(
      `Expected a network with depthwise layers for --trained but ${graph.name} has none`,
    );
  }
  return nodes.map((node) => {
    const { min, max, levels } = weightLevels(node.kernel, channelsOf(node));
    return {
      layer: node.name,
      min: figure(min),
      max: figure(max),
      medianLevels: median(levels),
    };
  });
}

function layerOf(
  model: tf.LayersModel,
  asPublished: FloatWeightedNode,
  option1: FloatWeightedNode,
): { summary: Depthwise; dead: number[]; alpha: number[]; variance: number[] } {
  const batchNorm = model.getLayer(`${asPublished.name}/BatchNorm`);
  // γ, β, μ, σ²
  const [gamma, , , variance] = batchNorm
    .getWeights()
    .map((tensor) => tensor.dataSync() as Float32Array);
  const epsilon = batchNorm.getConfig().epsilon as number;
  const alpha = [...foldingFactors({ gamma, variance: variance, epsilon })];
  const dead = handleZeroVariance(variance, 'mean').channels;
  const live = [...alpha.keys()].filter((channel) => !dead.includes(channel));
  const weights = (node: FloatWeightedNode): Depthwise['asPublished'] => {
    const { min, max, quantization, levels, ...noise } = weightLevels(
      node.kernel,
      alpha.length,
      live,
    );
    return {
      min: figure(min),
      max: figure(max),
      scale: figure(quantization.scale),
      medianLevels: median(levels),
      zeroShare: figure(noise.zeroShare),
      sqnrDb: figure(noise.sqnrDb),
      medianChannelDb: figure(median(noise.channelSqnrDb)),
    };
  };
  return {
    summary: {
      layer: asPublished.name,
      channels: alpha.length,
      dead: dead.length,
      alpha: spread(alpha),
      liveAlpha: spread(live.map((channel) => alpha[channel])),
      asPublished: weights(asPublished),
      option1: weights(option1),
    },
    dead,
    alpha,
    variance: [...variance],
  };
}

function spread(values: readonly number[]): Depthwise['alpha'] {
  return {
    min: figure(Math.min(...values)),
    median: figure(median(values)),
    max: figure(Math.max(...values)),
  };
}

function channelRanges(node: FloatWeightedNode): FirstDepthwise['asPublished'] {
  const channels = channelsOf(node);
  return Array.from({ length: channels }, (_, channel) => {
    const own = node.kernel.filter((_, index) => index % channels === channel);
    return { min: figure(Math.min(...own)), max: figure(Math.max(...own)) };
  });
}

/** Output channels. */
function channelsOf({ kernelShape: [, , inputs, multiplier] }: FloatWeightedNode): number {
  return inputs * multiplier;
}
