import { examineProcessor, type Processor } from '../../foundation/processes/processor.ts';
import type { IsolatedOp } from '../compile/isolate_ops.ts';

/**
 * The ops that libtensorflow's own kernels compute faster than oneDNN's on a processor. oneDNN has a
 * vectorized gradient of depthwise filters for images in NHWC with AVX-512 alone; without, its plain
 * one took 177 of the 314 ms of a step at width 0.5, 32 × 32, batch 128, and libtensorflow's 14.
 */
export async function slowWithOneDnn(
  processor?: Pick<Processor, 'features'>,
): Promise<readonly IsolatedOp[]> {
  const { features = [] } = processor ?? (await examineProcessor());
  return features.some((feature) => feature.startsWith('AVX-512'))
    ? []
    : ['DepthwiseConv2dNativeBackpropFilter'];
}
