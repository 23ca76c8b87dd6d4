import { centralFractionOf } from '../../datasets/images/preprocess.ts';
import { sha256OfBytes } from '../../foundation/hashes/sha256.ts';
import { encodeTf8 } from '../../quantize/model/tf8_file.ts';
import { outputNode, type Tf8Model } from '../../quantize/model/tf8_model.ts';
import { type ModelFacts, SYMMETRIC } from './model_facts.ts';

/**
 * What a TF8 model says. Files made before the preprocessing was recorded have that of their data
 * set's networks.
 */
export function tf8Facts(model: Tf8Model): ModelFacts {
  const { input, labelOffset, classNames, preprocessing, provenance } = model;
  const { dataset, floatModel, floatWeightsSha256 } = provenance;
  return {
    format: 'TF8 file',
    architecture: undefined,
    input: {
      shape: input.shape,
      centralFraction: preprocessing?.centralFraction ?? usualFraction(dataset),
      range: preprocessing?.range ?? SYMMETRIC,
      ...(preprocessing?.resample && { resample: preprocessing.resample }),
    },
    outputs: outputNode(model).output.shape[2],
    labels: { classNames, labelOffset, known: true },
    dataset,
    origin: {
      source: floatModel,
      weightsSha256: floatWeightsSha256 || undefined,
      dataSha256: undefined,
    },
    foldedBatchNorms: [],
  };
}

function usualFraction(dataset: string | undefined): number | undefined {
  return dataset === undefined ? undefined : centralFractionOf(dataset);
}

/** Of the model's file: what tells it from others. */
export async function tf8Sha256(model: Tf8Model): Promise<string> {
  return sha256OfBytes(await encodeTf8(model));
}
