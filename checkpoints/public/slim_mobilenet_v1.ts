import { convLayers, type MobileNetV1Config } from '../../architectures/mobilenet_v1.ts';
import { STANDARD } from '../../architectures/variants.ts';
import type { GraphConstant } from '../graph_def/graph_def.ts';
import type { WeightTensor } from '../weight_tensor.ts';
import { slimWeights } from './slim_weights.ts';

/** `slimWeights` of a standard MobileNetV1. */
export function slimMobileNetV1Weights(
  constants: ReadonlyMap<string, GraphConstant>,
  config: Omit<MobileNetV1Config, 'variant'>,
  fileName: string,
): Map<string, WeightTensor> {
  const { widthMultiplier, classes } = config;
  const network = {
    scope: 'MobilenetV1',
    layers: convLayers({ ...config, variant: STANDARD }),
    title: `a MobileNetV1 of width ${widthMultiplier} with ${classes} classes`,
  };
  return slimWeights(constants, network, fileName);
}
