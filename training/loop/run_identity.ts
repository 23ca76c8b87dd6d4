import { epochImages } from './epoch_images.ts';
import type { TrainOptions } from './train_options.ts';
import type { RunIdentity } from './training_state.ts';

/** What tells the run of these options from others. */
export function identityOf(options: TrainOptions): RunIdentity {
  const { dataset, recipe, network, start, teacher, seed, limit } = options;
  return {
    network,
    start,
    ...(teacher !== undefined && { teacher }),
    recipe,
    seed,
    dataset: dataset.name,
    dataSha256: dataset.fingerprint,
    imagesPerEpoch: epochImages(dataset, recipe, limit),
    validationImages: dataset.count('validation'),
  };
}
