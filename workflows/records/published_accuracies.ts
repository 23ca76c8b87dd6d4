/** Accuracies at 8 bits per tensor, without training, that others published: ImageNet validation, top-1 in percent. */

/** A figure of others. */
export interface PublishedAccuracy {
  readonly network: 'MobileNetV1' | 'MobileNetV2' | 'EfficientNet-Lite0';
  readonly method: string;
  readonly source: string;
  readonly floatTop1Percent: number;
  readonly tf8Top1Percent: number;
  /** How it was measured, where that is known: float arithmetic that rounds, or a chip's or runtime's integers. */
  readonly arithmetic: 'simulated' | 'integers' | 'unknown';
}

const DFQ = {
  method: 'equalization, absorption, bias correction without data',
  source: 'arXiv 1906.04721',
  arithmetic: 'simulated',
} as const;

const PLAIN = {
  method: 'min/max',
  source: 'arXiv 1806.08342',
  arithmetic: 'simulated',
} as const;

const WHITE_PAPER = {
  method: 'its pipeline of post-training quantization',
  source: 'arXiv 2106.08295',
  arithmetic: 'simulated',
} as const;

export const PUBLISHED_ACCURACIES: readonly PublishedAccuracy[] = [
  { network: 'MobileNetV1', ...PLAIN, floatTop1Percent: 70.9, tf8Top1Percent: 0.1 },
  { network: 'MobileNetV1', ...DFQ, floatTop1Percent: 70.8, tf8Top1Percent: 70.5 },
  {
    network: 'MobileNetV1',
    method: "the vendor's own, scales of powers of two",
    source: 'TI TIDL',
    arithmetic: 'integers',
    floatTop1Percent: 71.83,
    tf8Top1Percent: 70.51,
  },
  {
    network: 'MobileNetV1',
    method: "the vendor's own",
    source: 'Vitis AI model zoo',
    arithmetic: 'unknown',
    floatTop1Percent: 71.02,
    tf8Top1Percent: 67.8,
  },
  { network: 'MobileNetV2', ...PLAIN, floatTop1Percent: 71.9, tf8Top1Percent: 0.1 },
  { network: 'MobileNetV2', ...DFQ, floatTop1Percent: 71.72, tf8Top1Percent: 71.19 },
  {
    network: 'MobileNetV2',
    ...DFQ,
    source: 'AIMET, its README',
    floatTop1Percent: 71.72,
    tf8Top1Percent: 71.08,
  },
  { network: 'MobileNetV2', ...WHITE_PAPER, floatTop1Percent: 71.72, tf8Top1Percent: 70.99 },
  {
    network: 'MobileNetV2',
    method: 'its pipeline of post-training quantization',
    source: 'Brevitas',
    arithmetic: 'simulated',
    floatTop1Percent: 71.9,
    tf8Top1Percent: 71.5,
  },
  {
    network: 'MobileNetV2',
    method: "the vendor's own",
    source: 'ST model zoo',
    arithmetic: 'integers',
    floatTop1Percent: 68.87,
    tf8Top1Percent: 64.53,
  },
  {
    network: 'EfficientNet-Lite0',
    ...WHITE_PAPER,
    floatTop1Percent: 75.42,
    tf8Top1Percent: 75.25,
  },
];
