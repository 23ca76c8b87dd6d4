/** What a training would take on other machines: on paper, from a rate that was measured on one. */
import { costOfNetwork, type LayerCost } from '../../architectures/layer_costs.ts';
import type { TrainedNetwork } from '../train/trained_network.ts';

export const DEVICES = ['cpu', 'gpu'] as const;
export type Device = (typeof DEVICES)[number];

/** So many machines with a processor, or so many GPUs, that share every batch. */
export interface Workers {
  readonly workers: number;
  readonly device: Device;
}

/** What is trained. */
interface TrainedShape {
  readonly network: TrainedNetwork;
  readonly resolution: number;
  readonly classes: number;
}

/** A training as far as its time depends on it. */
export interface TrainingLoad extends TrainedShape {
  readonly batchSize: number;
  /** Of all epochs. */
  readonly images: number;
  /** Measured, by one process on a processor. */
  readonly imagesPerSecond: number;
}

export interface TimeElsewhere extends Workers {
  readonly seconds: number;
  /** `measured`: of one processor, by the rate that was measured. */
  readonly basis: 'measured' | 'on paper';
  /** What of N times the speed of one is left, in (0, 1]. */
  readonly efficiency: number;
  /** What takes longer of each step: computing, or the sum over the network. */
  readonly limit: 'step' | 'network';
  /** Cores that decode photographs as fast as GPUs train on them. */
  readonly decodingCores?: number;
}

/** What is assumed on paper. */
export const ASSUMED = {
  /** Between machines. */
  gigabitsPerSecond: 10,
  /** Between GPUs of one machine. */
  gpuGigabitsPerSecond: 2000,
  /** Of a GPU's memory: an A100's. */
  gpuBytesPerSecond: 2e12,
  /** Of that, what a training step gets. */
  gpuShare: 0.5,
  /**
   * How often a step writes or reads each output of a convolution, in float32: the convolution, the batch
   * norm's statistics and its result, the activation, and all of them backwards.
   */
  passes: 15,
  /** A JPEG of 500 × 375 pixels by a core, with crop and resizing: see `PHOTOGRAPH_MS`. */
  decodedPerCore: 150,
} as const;

/** What the page and an estimate tell of. */
export const SETTINGS: readonly Workers[] = DEVICES.flatMap((device) =>
  [1, 2, 4, 8].map((workers) => ({ workers, device })),
);

/** What trainings one after another would take. */
export function timeElsewhere(
  loads: readonly TrainingLoad[],
  { workers, device }: Workers,
): TimeElsewhere {
  const total = (of: (load: TrainingLoad) => number) =>
    loads.reduce((sum, load) => sum + of(load), 0);
  const computing = total((load) => load.images / rateOf(load, device));
  const sums = total((load) => sumSeconds(load, { workers, device }));
  const seconds = computing / workers + sums;
  const isMeasured = workers === 1 && device === 'cpu';
  return {
    workers,
    device,
    seconds,
    basis: isMeasured ? 'measured' : 'on paper',
    efficiency: computing / workers / seconds,
    limit: computing / workers >= sums ? 'step' : 'network',
    ...(device === 'gpu' && {
      decodingCores: Math.ceil(total(({ images }) => images) / seconds / ASSUMED.decodedPerCore),
    }),
  };
}

/** Images a second of one worker, its sums left out. */
function rateOf(load: TrainingLoad, device: Device): number {
  return device === 'cpu' ? load.imagesPerSecond : gpuImagesPerSecond(load);
}

/** Seconds of all sums of a training. */
function sumSeconds(load: TrainingLoad, { workers, device }: Workers): number {
  const { images, batchSize } = load;
  const gigabits = device === 'cpu' ? ASSUMED.gigabitsPerSecond : ASSUMED.gpuGigabitsPerSecond;
  const { trainableParameters } = costOf(load);
  return ((images / batchSize) * exchangeMs(trainableParameters, workers, gigabits)) / 1000;
}

/** Milliseconds that a worker sends for in a step: 2 (N − 1) / N times the weights, in 4 bytes. */
export function exchangeMs(floats: number, workers: number, gigabitsPerSecond: number): number {
  return (((2 * (workers - 1)) / workers) * 32 * floats) / (gigabitsPerSecond * 1e6);
}

/** A GPU's memory is what such small convolutions wait for. */
function gpuImagesPerSecond(load: TrainingLoad): number {
  const { gpuBytesPerSecond, gpuShare, passes } = ASSUMED;
  return (gpuShare * gpuBytesPerSecond) / (passes * 4 * outputsOf(costOf(load).layers));
}

/**
 * What of a GPU's step the gradients of depthwise filters are, in [0, 1]: those that are computed
 * otherwise with `--deterministic`. Each reads the layer's input and its output's gradient.
 */
export function depthwiseGradientShare(load: TrainedShape): number {
  const { layers } = costOf(load);
  const depthwise = layers.filter(({ kind }) => kind === 'depthwise');
  return (2 * outputsOf(depthwise)) / (ASSUMED.passes * outputsOf(layers));
}

function outputsOf(layers: readonly LayerCost[]): number {
  return layers.reduce(
    (sum, { outputShape: [height, width, channels] }) => sum + height * width * channels,
    0,
  );
}

function costOf({ network, resolution, classes }: TrainedShape) {
  return costOfNetwork({ ...network, resolution, classes });
}
