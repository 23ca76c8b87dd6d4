import { readLayersModel } from '../../architectures/graph/read_layers_model.ts';
import { buildNetwork, networkConfig } from '../../architectures/network.ts';
import type { NetworkName } from '../../architectures/registry.ts';
import { STANDARD } from '../../architectures/variants.ts';
import { quantizeGraph } from '../../quantize/convert/quantize_graph.ts';
import type { Recipe } from '../../quantize/convert/recipe.ts';
import { REFERENCE_KERNELS } from '../../quantize/kernels/reference.ts';
import type { Tf8Model } from '../../quantize/model/tf8_model.ts';
import type { RoundingName } from '../../quantize/params/roundings.ts';
import { randomizeBatchNorms } from '../architectures/support.ts';
import { someImages } from '../quantize/convert/support.ts';

const RESOLUTION = 32;
const SHAPE = [RESOLUTION, RESOLUTION, 3] as const;
const CLASSES = 5;
const IMAGES = 4;

/** A network of the registry at a small width for small images, quantized by a recipe for a rule; the same at every call. */
export async function narrowNetwork(
  network: NetworkName,
  widthMultiplier: number,
  recipe: Recipe,
  rounding?: RoundingName,
): Promise<Tf8Model> {
  const sizes = { widthMultiplier, resolution: RESOLUTION, classes: CLASSES };
  const float = buildNetwork(networkConfig(network, STANDARD, sizes), { seed: 1 });
  randomizeBatchNorms(float);
  const images = someImages(IMAGES, SHAPE);
  async function* batches() {
    yield { images, shape: [IMAGES, ...SHAPE] as const };
  }
  const { model } = await quantizeGraph(readLayersModel(float), recipe, batches, {
    inputRange: { min: -1, max: 1 },
    kernels: REFERENCE_KERNELS,
    labelOffset: 0,
    classNames: [],
    rounding,
    provenance: { floatModel: network, floatWeightsSha256: '', calibrationData: 'noise' },
  });
  float.dispose();
  return model;
}
