import { costOfNetwork } from '../../architectures/layer_costs.ts';
import type { StepShape } from './step_shape.ts';

/** Of a step, whatever the network: some hundred operations, each started by itself. */
const STEP_SECONDS = 0.02;
/** Multiply-accumulates of an image's step: forward, and twice as many backward. */
const PASSES = 3;
/** What two cores reach where layers are large; those of CIFAR's networks reach a tenth. */
const MACS_PER_SECOND = 50e9;

/** Roughly, in seconds, what it takes to train a network on so many images. */
export function trainingSeconds(
  { config, batchSize, distilled }: StepShape,
  images: number,
): number {
  const macs = costOfNetwork(config).macs * (PASSES + (distilled ? 1 : 0));
  return (images / batchSize) * STEP_SECONDS + (images * macs) / MACS_PER_SECOND;
}
