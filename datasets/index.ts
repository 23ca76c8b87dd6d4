/**
 * Data sets: opening, decoding, preprocessing, batches, scoring. Decoding image files needs sharp.
 * @module tf8/datasets
 */
export { type Augmentation, prepareImage } from './augment/augment.ts';
export type { BoxRanges } from './augment/distorted_box.ts';
export type { FlipCrop } from './augment/flip_crop.ts';
export type { Inception } from './augment/inception.ts';
export type {
  BatchOptions,
  Dataset,
  ImageBatch,
  LabelledBatch,
  LabelledDataset,
  PreparationTime,
  SkippedImage,
  Split,
  StoredSplit,
} from './dataset.ts';
export { DATASET_NAMES, type DatasetName } from './dataset_names.ts';
export { IMAGENET_CLASSES, type ImageNetClass } from './imagenet/imagenet_classes.ts';
export {
  type DecodeOptions,
  decodeImage,
  ImageError,
  MAX_PIXELS,
  type RgbImage,
} from './images/decode_image.ts';
export type { PixelImage, RgbaImage } from './images/pixel_image.ts';
export { preprocess, preprocessInto, SLIM_CENTRAL_FRACTION } from './images/preprocess.ts';
export { preprocessRgba } from './images/preprocess_rgba.ts';
export { isLabelled, withLabels } from './labels.ts';
export { MissingFolderError } from './missing_folder.ts';
export { openDataset } from './open_dataset.ts';
export type { ArtifactSource, OpenOptions } from './open_options.ts';
export { holdOutValidation } from './order/hold_out.ts';
export type { Shard } from './order/shard.ts';
export type { CacheOptions, CacheTrouble } from './pipeline/image_cache.ts';
export { type LabelledPixels, pixelDataset } from './pixel_dataset.ts';
export { recognizeDataset } from './recognize_dataset.ts';
export { type Accuracy, type AccuracyOptions, measureAccuracy } from './scoring/accuracy.ts';
export { rankOf, type Scores, topK } from './scoring/top_k.ts';
export { withCache } from './with_cache.ts';
