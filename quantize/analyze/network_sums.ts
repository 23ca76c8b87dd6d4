import type { TensorSpec } from '../model/tf8_model.ts';
import { QuantizationError } from '../params/errors.ts';
import type { Analysis } from './analysis.ts';
import { diagnose } from './diagnose.ts';
import { joinedLayer, type LayerFacts, type LayerSums, layerAnalysis } from './layer_sums.ts';
import {
  type EffectSums,
  inputLogitsDb,
  joinedEffects,
  logitsByOutput,
  logitsOf,
} from './logits_effects.ts';
import { joinedProfile, type ProfileSums, profileAnalysis } from './profile_meter.ts';
import {
  joinedTensor,
  roundingDb,
  saturationDb,
  type TensorSums,
  tensorAnalysis,
} from './tensor_meter.ts';

/** What images do not change of a network that is analyzed. */
export interface NetworkFacts {
  readonly model: string;
  readonly input: Pick<TensorSpec, 'shape' | 'quantization'> & { readonly name: string };
  /** Names of the layers that make the outputs. */
  readonly outputs: readonly string[];
  /** In execution order. */
  readonly layers: readonly LayerFacts[];
}

/**
 * What is counted and summed of a network over images. Two of them over different images are joined to what
 * one has over all of them: no figure depends on how the images were divided, or on their order.
 */
export interface NetworkSums {
  readonly images: number;
  readonly input: TensorSums;
  /** In execution order. */
  readonly layers: readonly LayerSums[];
  /** Of the first images. */
  readonly effects: EffectSums;
  /** Where another rule of requantization than the default is measured. */
  readonly profile?: ProfileSums;
}

/** Of the same network. */
export function joinedNetwork(a: NetworkSums, b: NetworkSums): NetworkSums {
  return {
    images: a.images + b.images,
    input: joinedTensor(a.input, b.input),
    layers: a.layers.map((layer, index) => joinedLayer(layer, b.layers[index])),
    effects: joinedEffects(a.effects, b.effects),
    ...(a.profile && b.profile && { profile: joinedProfile(a.profile, b.profile) }),
  };
}

/**
 * What the sums say.
 * @throws QuantizationError where they are of no image
 */
export function networkAnalysis(facts: NetworkFacts, sums: NetworkSums): Analysis {
  const { images, effects, profile } = sums;
  if (images === 0 || effects.images === 0) {
    throw new QuantizationError('Expected at least one image to analyze but received none', {
      remedy: 'Analyze one image or more that can be read.',
    });
  }
  const { outputs } = facts;
  const several = outputs.length > 1;
  const layers = facts.layers.map((layer, index) => {
    const { name } = layer;
    const analysis = layerAnalysis(layer, sums.layers[index], logitsOf(effects, name));
    return several ? { ...analysis, outputs: logitsByOutput(effects, name, outputs) } : analysis;
  });
  const input = {
    name: facts.input.name,
    ...tensorAnalysis(facts.input, sums.input),
    saturationDb: saturationDb(sums.input),
    roundingDb: roundingDb(sums.input),
    logitsDb: inputLogitsDb(effects, facts.input.name),
  };
  return {
    model: facts.model,
    images,
    effectImages: effects.images,
    input,
    ...(several && { outputs }),
    layers,
    diagnosis: diagnose(input, layers),
    ...(profile && { profile: profileAnalysis(profile) }),
  };
}
