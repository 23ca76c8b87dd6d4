/** What a training would take on other machines: on paper, from a rate that was measured on one. */
import { costOfNetwork } from '../../architectures/layer_costs.ts';
import type { TrainedNetwork } from '../train/trained_network.ts';

export const DEVICES = ['cpu', 'gpu'] as const;
export type Device = (typeof DEVICES)[number];

/** So many machines with a processor, or so many GPUs, that share every batch. */
export interface Workers {
  readonly workers: number;
  readonly device: Device;
}

/** A training as far as its time depends on it. */
export interface TrainingLoad {
  readonly network: TrainedNetwork;
  readonly resolution: number;
  readonly classes: number;
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
export const SETTINGS: readonly Workers[] = [
  { workers: 1, device: 'cpu' },
  { workers: 8, device: 'cpu' },
  { workers: 1, device: 'gpu' },
  { workers: 8, device: 'gpu' },
];

/** What trainings one after another would take. */
export function timeElsewhere(
  loads: readonly TrainingLoad[],
  { workers, device }: Workers,
): TimeElsewhere {
  const seconds = loads.reduce((sum, load) => sum + secondsOf(load, { workers, device }), 0);
  const images = loads.reduce((sum, load) => sum + load.images, 0);
  const isMeasured = workers === 1 && device === 'cpu';
  return {
    workers,
    device,
    seconds,
    basis: isMeasured ? 'measured' : 'on paper',
    ...(device === 'gpu' && {
      decodingCores: Math.ceil(images / seconds / ASSUMED.decodedPerCore),
    }),
  };
}

function secondsOf(load: TrainingLoad, { workers, device }: Workers): number {
  const { images, batchSize } = load;
  const rate = device === 'cpu' ? load.imagesPerSecond : gpuImagesPerSecond(load);
  const gigabits = device === 'cpu' ? ASSUMED.gigabitsPerSecond : ASSUMED.gpuGigabitsPerSecond;
  const sum = exchangeMs(costOf(load).trainableParameters, workers, gigabits) / 1000;
  return images / (workers * rate) + (images / batchSize) * sum;
}

/** Milliseconds that a worker sends for in a step: 2 (N − 1) / N times the weights, in 4 bytes. */
export function exchangeMs(floats: number, workers: number, gigabitsPerSecond: number): number {
  return (((2 * (workers - 1)) / workers) * 32 * floats) / (gigabitsPerSecond * 1e6);
}

/** A GPU's memory is what such small convolutions wait for. */
function gpuImagesPerSecond(load: TrainingLoad): number {
  const values = costOf(load).layers.reduce(
    (sum, { outputShape: [height, width, channels] }) => sum + height * width * channels,
    0,
  );
  const { gpuBytesPerSecond, gpuShare, passes } = ASSUMED;
  return (gpuShare * gpuBytesPerSecond) / (passes * 4 * values);
}

function costOf({ network, resolution, classes }: TrainingLoad) {
  return costOfNetwork({ ...network, resolution, classes });
}
