import type { OpenedFloatModel } from '../open/open_model.ts';
import { PUBLISHED_ACCURACIES, type PublishedAccuracy } from '../records/published_accuracies.ts';

const NAMES: Readonly<Record<PublishedAccuracy['network'], RegExp>> = {
  MobileNetV1: /mobilenet_?v1_1\.0_224/i,
  MobileNetV2: /mobilenet_?v2_1\.0_224/i,
  'EfficientNet-Lite0': /efficientnet[-_]?lite-?0/i,
};

/** What others published of this network at 8 bits, in a sentence; undefined of one that is not known by its name. */
export function publishedNote({ name }: Pick<OpenedFloatModel, 'name'>): string | undefined {
  const found = PUBLISHED_ACCURACIES.filter(({ network }) => NAMES[network].test(name));
  if (found.length === 0) return undefined;
  const figures = found.map(
    ({ source, arithmetic, floatTop1Percent, tf8Top1Percent }) =>
      `${floatTop1Percent} → ${tf8Top1Percent} (${source}${arithmetic === 'simulated' ? ', simulated' : ''})`,
  );
  return `Published by others for ${found[0].network}, per tensor, without training, on the validation set of ImageNet: ${figures.join('; ')}.`;
}
