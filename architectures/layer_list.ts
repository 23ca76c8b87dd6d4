import {
  type ConvLayer,
  INPUT_CHANNELS,
  type LayerShape,
  LOGITS,
  outputSize,
  type PaddingScheme,
} from './conv_layer.ts';
import { INPUT_NAME, type NetworkLayer } from './network_layers.ts';

/** What a layer makes. */
export interface LayerOutput {
  readonly name: string;
  /** [H, W, C] */
  readonly shape: LayerShape;
}

/** Of a convolution with a batch norm and no bias, unless it says otherwise. */
export interface ConvOptions {
  readonly name: string;
  /** Height and width; 1 unless given. */
  readonly side?: number;
  /** 1 unless given. */
  readonly stride?: number;
  readonly activation: ConvLayer['activation'];
  /** "same" unless given. */
  readonly padding?: PaddingScheme;
  readonly bias?: boolean;
  readonly batchNorm?: boolean;
  readonly batchNormEpsilon?: number;
}

/** The layers of a network in the making: each call adds one behind what it reads. */
export class LayerList {
  readonly layers: NetworkLayer[] = [];

  /** The images: square and RGB. */
  static images(resolution: number): LayerOutput {
    return { name: INPUT_NAME, shape: [resolution, resolution, INPUT_CHANNELS] };
  }

  conv(from: LayerOutput, filters: number, options: ConvOptions): LayerOutput {
    const kind = (options.side ?? 1) === 1 ? 'pointwise' : 'conv';
    return this.convolution(kind, from, filters, options);
  }

  depthwise(from: LayerOutput, options: ConvOptions): LayerOutput {
    return this.convolution('depthwise', from, from.shape[2], options);
  }

  add(name: string, inputs: readonly [LayerOutput, LayerOutput]): LayerOutput {
    const names = inputs.map((input) => input.name);
    return this.put({ op: 'add', name, inputs: names, outputShape: inputs[0].shape });
  }

  /** @param factor of each channel, [1, 1, C] */
  multiply(name: string, image: LayerOutput, factor: LayerOutput): LayerOutput {
    const inputs = [image.name, factor.name];
    return this.put({ op: 'multiply', name, inputs, outputShape: image.shape });
  }

  relu(name: string, from: LayerOutput): LayerOutput {
    return this.put({ op: 'relu', name, input: from.name, outputShape: from.shape });
  }

  maxPool(name: string, from: LayerOutput, side: number, stride: number): LayerOutput {
    const padding = 'valid';
    const outputShape = windowed(from.shape, side, stride, padding, from.shape[2]);
    const window = [side, side] as const;
    return this.put({
      op: 'maxPool',
      name,
      input: from.name,
      window,
      stride,
      padding,
      outputShape,
    });
  }

  globalAveragePool(name: string, from: LayerOutput): LayerOutput {
    const outputShape = [1, 1, from.shape[2]] as const;
    return this.put({ op: 'globalAveragePool', name, input: from.name, outputShape });
  }

  pad(name: string, from: LayerOutput, border: number): LayerOutput {
    const [height, width, channels] = from.shape;
    const outputShape = [height + 2 * border, width + 2 * border, channels] as const;
    return this.put({ op: 'pad', name, input: from.name, border, outputShape });
  }

  private convolution(
    kind: ConvLayer['kind'],
    from: LayerOutput,
    filters: number,
    options: ConvOptions,
  ): LayerOutput {
    const { name, activation, side = 1, stride = 1, padding = 'same' } = options;
    const { batchNorm = true, bias = !batchNorm, batchNormEpsilon } = options;
    return this.put({
      op: 'conv',
      kind,
      name,
      input: from.name,
      kernel: [side, side],
      stride,
      padding,
      inputShape: from.shape,
      outputShape: windowed(from.shape, side, stride, padding, filters),
      batchNorm,
      batchNormScale: true,
      ...(batchNormEpsilon !== undefined && { batchNormEpsilon }),
      bias,
      activation,
    });
  }

  private put(layer: NetworkLayer): LayerOutput {
    this.layers.push(layer);
    return { name: layer.name, shape: layer.outputShape };
  }
}

/** The last convolution: of so many channels, averaged over the image, to classes. */
export function logitsLayer(channels: number, classes: number): ConvLayer {
  return {
    kind: 'logits',
    name: LOGITS,
    kernel: [1, 1],
    stride: 1,
    padding: 'same',
    inputShape: [1, 1, channels],
    outputShape: [1, 1, classes],
    batchNorm: false,
    batchNormScale: false,
    bias: true,
    activation: 'linear',
  };
}

function windowed(
  [height, width]: LayerShape,
  side: number,
  stride: number,
  padding: PaddingScheme,
  channels: number,
): LayerShape {
  return [
    outputSize(height, side, stride, padding),
    outputSize(width, side, stride, padding),
    channels,
  ];
}
