import { basename } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import type { NetworkConfig } from '../../architectures/network.ts';
import { recognizeMobileNetV1 } from '../../architectures/recognize_mobilenet_v1.ts';
import type { FloatFormat, FloatModel } from '../../checkpoints/float_model.ts';
import { architectureOf, type ModelCard } from '../../checkpoints/store/model_card.ts';
import { sha256OfTensors } from '../../checkpoints/weight_tensor.ts';
import { IMAGENET_CLASSES } from '../../datasets/imagenet/imagenet_classes.ts';

/** A model that another program saved, as far as its structure tells what it is. */
export interface ImportedModel {
  readonly model: tf.LayersModel;
  readonly format: FloatFormat;
  /** The network of ours that it is; undefined where it is another one. */
  readonly config: NetworkConfig | undefined;
  readonly card: ModelCard | undefined;
  /** Layers whose batch norms had been folded into their weights. */
  readonly foldedBatchNorms: readonly string[];
  /** For the user: what it is taken for, and what was decided. */
  readonly notes: readonly string[];
}

/**
 * Tells what an imported model is. A MobileNetV1 is rebuilt with our layers' names, so that it can be
 * trained and re-architectured; the model that was loaded is disposed of then.
 */
export function importModel(loaded: FloatModel, path: string): ImportedModel {
  const { format } = loaded;
  const original = functional(loaded.model);
  const recognized = loaded.config === undefined ? recognizeMobileNetV1(original) : undefined;
  if (recognized !== undefined) original.dispose();
  const model = recognized?.model ?? original;
  const config: NetworkConfig | undefined =
    loaded.config ?? (recognized && { network: 'mobilenet_v1', ...recognized.config });
  const foldedBatchNorms = recognized?.foldedBatchNorms ?? [];
  const outputs = model.outputs[0].shape.at(-1)!;
  return {
    model,
    format,
    config,
    card: config && cardOf(model, config, `${format} ${basename(path)}`),
    foldedBatchNorms,
    notes: [
      ...loaded.notes,
      `${format}, ${titleOf(config)}, ${labelsTitle(outputs)}`,
      ...(foldedBatchNorms.length === 0
        ? []
        : [
            `the batch norms of ${foldedBatchNorms.length} layers are folded into their weights: there are no variances for --zero-variance mean, and training starts from batch norms that change nothing`,
          ]),
    ],
  };
}

/** ImageNet's labels for as many outputs; undefined for any other number. */
export function imageNetLabels(
  outputs: number,
): Pick<ModelCard, 'labelOffset' | 'classNames'> | undefined {
  const labelOffset = outputs - IMAGENET_CLASSES.length;
  if (labelOffset !== 0 && labelOffset !== 1) return undefined;
  return { labelOffset, classNames: IMAGENET_CLASSES.map(({ name }) => name) };
}

/** Keras' sequential models as functional ones, which the converter reads; they share the layers. */
function functional(model: tf.LayersModel): tf.LayersModel {
  if (model.getClassName() !== 'Sequential') return model;
  const { inputs, outputs, name } = model;
  return tf.model({ inputs, outputs, name });
}

function cardOf(
  model: tf.LayersModel,
  config: NetworkConfig,
  source: string,
): ModelCard | undefined {
  const labels = imageNetLabels(config.classes);
  if (labels === undefined) return undefined;
  const tensors = model.weights.map((weight) => {
    const values = weight.read().dataSync<'float32'>();
    return [weight.originalName, { shape: weight.shape as number[], values }] as const;
  });
  const sha256 = sha256OfTensors(new Map(tensors));
  return {
    architecture: architectureOf(config),
    dataset: 'imagenet',
    ...labels,
    origin: { source, route: 'a file of the user', sha256 },
    weightsSha256: sha256,
  };
}

function titleOf(config: NetworkConfig | undefined): string {
  if (config === undefined) return 'a network of its own';
  const { widthMultiplier = 1, resolution } = config;
  const network =
    config.network === 'mobilenet_v1' ? `MobileNetV1 ${config.variant.name}` : 'InceptionV3';
  return `${network} of width ${widthMultiplier}, ${resolution} × ${resolution}`;
}

function labelsTitle(outputs: number): string {
  switch (imageNetLabels(outputs)?.labelOffset) {
    case 0:
      return "1000 outputs: ImageNet's classes without a background class";
    case 1:
      return "1001 outputs: a background class, then ImageNet's classes";
    default:
      return `${outputs} outputs`;
  }
}
