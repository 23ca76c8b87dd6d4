import type * as tf from '@tensorflow/tfjs';
import type { ConvLayer } from '../conv_layer.ts';
import {
  foldBatchNorm,
  handleZeroVariance,
  ZERO_VARIANCE_THRESHOLD,
} from '../graph/fold_batch_norm.ts';
import { convLayers, type MobileNetV1Config } from '../mobilenet_v1.ts';
import type { Activation, Chain, ChainLayer } from './chain.ts';
import { RearchitectError } from './errors.ts';
import { hasLayer, hasWeight, readBatchNorm, readWeight, weightShape } from './model_weights.ts';

/** A network as a chain, and what its batch norms knew. */
export interface ReadChain {
  readonly chain: Chain;
  /** Channels whose batch norm had variance 0 (`ZERO_VARIANCE_THRESHOLD`), by layer. */
  readonly zeroVariance: ReadonlyMap<string, readonly number[]>;
}

/**
 * Takes a MobileNetV1 apart, its batch norms folded (`foldBatchNorm`, variances kept).
 * @param model with slim's endpoint names, as `buildMobileNetV1` and `tf8 pull` make it
 * @throws RearchitectError naming what differs where it is not the network of `config`
 */
export function readChain(model: tf.LayersModel, config: MobileNetV1Config): ReadChain {
  const zeroVariance = new Map<string, readonly number[]>();
  const chain = convLayers(config).map((layer) => {
    if (!hasLayer(model, layer.name)) throw refused(model, config, `it has no layer ${layer.name}`);
    const { read, dead } = readLayer(model, config, layer);
    if (dead.length > 0) zeroVariance.set(layer.name, dead);
    return read;
  });
  return { chain, zeroVariance };
}

function readLayer(
  model: tf.LayersModel,
  config: MobileNetV1Config,
  layer: ConvLayer,
): { read: ChainLayer; dead: readonly number[] } {
  const { name, kind, stride } = layer;
  const isDepthwise = kind === 'depthwise';
  const kernelName = isDepthwise ? 'depthwise_kernel' : 'kernel';
  const [channels, outputs] = [layer.inputShape[2], layer.outputShape[2]];
  const kernelShape = [...layer.kernel, channels, isDepthwise ? 1 : outputs] as const;
  const shape = weightShape(model, name, kernelName);
  if (shape.join() !== kernelShape.join()) {
    throw refused(model, config, `${name} has weights [${shape}], not [${kernelShape}]`);
  }
  const batchNorm = readBatchNorm(model, name);
  if ((batchNorm !== undefined) !== layer.batchNorm) {
    throw refused(
      model,
      config,
      `${name} has ${batchNorm === undefined ? 'no batch norm' : 'a batch norm'}`,
    );
  }
  const activation = activationAfter(model, name);
  if (activation !== layer.activation) {
    throw refused(model, config, `the activation after ${name} is ${activation}`);
  }
  const kernel = readWeight(model, name, kernelName);
  const bias = hasWeight(model, name, 'bias') ? readWeight(model, name, 'bias') : undefined;
  const folded =
    batchNorm === undefined
      ? { kernel, bias: bias ?? new Float32Array(outputs) }
      : foldBatchNorm({
          kernel,
          kernelShape,
          kind: isDepthwise ? 'depthwise' : 'conv',
          bias,
          batchNorm,
          zeroVariance: 'keep',
        });
  return {
    read: {
      name,
      kind,
      stride,
      kernelShape,
      kernel: Float64Array.from(folded.kernel),
      bias: Float64Array.from(folded.bias),
      activation,
    },
    dead: batchNorm === undefined ? [] : zeroVarianceChannels(batchNorm.variance),
  };
}

function zeroVarianceChannels(variance: Float32Array): number[] {
  return [...handleZeroVariance(variance, 'mean', ZERO_VARIANCE_THRESHOLD).channels];
}

/** The layers that `buildMobileNetV1` puts after a convolution and its batch norm. */
function activationAfter(model: tf.LayersModel, name: string): Activation {
  if (hasLayer(model, `${name}/Relu6`)) return 'relu6';
  return hasLayer(model, `${name}/Relu`) ? 'relu' : 'linear';
}

function refused(
  model: tf.LayersModel,
  { variant, widthMultiplier }: MobileNetV1Config,
  why: string,
): RearchitectError {
  return new RearchitectError(
    `Expected a ${variant.name} MobileNetV1 of width ${widthMultiplier} but ${model.name} is none: ${why}`,
    {
      remedy:
        'Pass a public checkpoint (mobilenet_v1_1.0_224) or a model that was trained as variant standard.',
    },
  );
}
