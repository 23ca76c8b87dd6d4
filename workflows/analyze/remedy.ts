import type { NetworkConfig } from '../../architectures/network.ts';
import { hasVariants } from '../../architectures/registry.ts';
import type { Advice, AdviceCode } from '../../quantize/analyze/analysis.ts';
import {
  AS_PUBLISHED,
  BIAS_CORRECTED,
  INPUT_WEIGHTED,
  OPTION_1,
  type Recipe,
  ROUNDED,
} from '../../quantize/convert/recipe.ts';
import { CONVERSION_DEFAULTS, type ConversionOptions } from '../quantize/conversion.ts';
import { call, command, option } from '../wording.ts';

/** The network that a remedy is for, and its images, as its user named them. */
export interface Patient extends ConversionOptions {
  readonly model: string;
  /** Of the images; undefined where nobody has named one. */
  readonly dataset?: string | undefined;
  readonly data?: string | undefined;
  /** Undefined where it is none of ours. */
  readonly architecture?: NetworkConfig | undefined;
}

/** What remedies take of a command's options. */
export function patientOf(options: Omit<Patient, 'architecture'>): Omit<Patient, 'architecture'> {
  const { model, dataset, data, recipe, zeroVariance, profile, calibrationData } = options;
  const { calibrationImages, inputRange, preprocessing, resolution, outputs } = options;
  return {
    model,
    dataset,
    data,
    recipe,
    zeroVariance,
    profile,
    calibrationData,
    calibrationImages,
    inputRange,
    preprocessing,
    resolution,
    outputs,
  };
}

/** What tf8 offers: a sentence, and what to call for it. */
export interface Remedy {
  readonly words: string;
  readonly commands: readonly string[];
}

/** The rung of the recipe best that takes most of what the advice is against, without training. */
const RUNGS: Readonly<Partial<Record<AdviceCode, Recipe>>> = {
  meanVariance: INPUT_WEIGHTED,
  equalizeChannels: INPUT_WEIGHTED,
  evenWeights: ROUNDED,
  evenOutputs: BIAS_CORRECTED,
};

/** What to do with this network: quantize it by the best recipe where that helps, or the remedy of its own. */
export function remedyFor(advice: Advice, patient: Patient): Remedy {
  const own = ownRemedy(advice, patient);
  const rung = RUNGS[advice.code];
  if (rung === undefined || !isPlain(patient)) return own;
  return {
    words: `${own.words} Or quantize with ${option('recipe', 'best')}, whose rung ${rung.name} is against this: it needs images without classes and no training. ${call('fix')} finds out which rungs pay.`,
    commands: [...own.commands, quantization(patient, { recipe: 'best' }), fixing(patient)],
  };
}

/** Whether it was quantized by a recipe that the rungs are not in. */
function isPlain({ recipe, zeroVariance }: ConversionOptions): boolean {
  if (recipe === undefined) return zeroVariance !== undefined;
  return recipe === AS_PUBLISHED.name || recipe === OPTION_1.name;
}

function ownRemedy({ code, network }: Advice, patient: Patient): Remedy {
  const { calibrationImages = CONVERSION_DEFAULTS.calibrationImages } = patient;
  const rebuild = rearchitecture(patient);
  const again = rearchitecture({ ...patient, model: 'STANDARD' });
  const retrain = retraining(patient, 'friendly');
  const decay = retraining(patient, 'friendly', RECIPE);
  const heavier = retraining(patient, undefined, RECIPE);
  switch (code) {
    case 'meanVariance':
      return {
        words: `Option 1: give these channels the mean variance of the others, with ${option('zeroVariance', 'mean')}; nothing is retrained.`,
        commands: [quantization(patient, { zeroVariance: 'mean' })],
      };
    case 'equalizeChannels':
      return {
        standard: {
          words: `Bring the channels to one size: re-architecture equalizes them. Or retrain with an L2 that keeps depthwise weights small.`,
          commands: [rebuild, ...retrain],
        },
        rebuilt: {
          words: `Bring the channels to one size: re-architecture ends by equalizing them, from STANDARD, the network that this one goes back to. ${DECAY_DEPTHWISE}`,
          commands: [again, ...decay],
        },
        other: { words: `Bring the channels to one size: ${DECAY}`, commands: heavier },
      }[network];
    case 'evenWeights':
      return {
        standard: {
          words:
            'Re-architecture leaves out batch norm and ReLU6 after the depthwise layers and equalizes the channels. Or retrain.',
          commands: [rebuild, ...retrain],
        },
        rebuilt: {
          words: `Equalize the channels: re-architecture does so at its end, from STANDARD, the network that this one goes back to. ${DECAY_DEPTHWISE}`,
          commands: [again, ...decay],
        },
        other: { words: `Make the weights more even: ${DECAY}`, commands: heavier },
      }[network];
    case 'calibrateOnMore':
      return {
        words: `Calibrate on more images, or on images like those that the network will see (${option('calibrationData')}).`,
        commands: [quantization(patient, { calibrationImages: 5 * calibrationImages })],
      };
    case 'calibrateOnTypical':
      return {
        words: `Calibrate on images like those that the network will see, in a folder DIR; one outlier decides the range of a layer.`,
        commands: [quantization(patient, { calibrationData: 'DIR' })],
      };
    case 'evenOutputs':
      return {
        standard: {
          words:
            'Make the outputs more even: re-architecture equalizes the channels that share this range.',
          commands: [rebuild],
        },
        rebuilt: {
          words:
            'Make the outputs more even: re-architecture, from STANDARD, the network that this one goes back to, ends by equalizing the channels that share a range and by centring what the depthwise layers give.',
          commands: [again],
        },
        other: {
          words: `Calibrate on fewer, typical images, so that no single one widens the range (${option('calibrationData')}).`,
          commands: [
            quantization(patient, { calibrationImages: Math.ceil(calibrationImages / 4) }),
          ],
        },
      }[network];
    case 'samePreprocessing':
      return {
        words: `Use the preprocessing that the network was trained with, with ${option('preprocessing')} where it says nothing of it: it fixes the input's range, which these images leave or fill badly.`,
        commands: [],
      };
    case 'replaceRelu6':
      return {
        standard: {
          words: 'Replace ReLU6 by ReLU: re-architecture does, and so does retraining.',
          commands: [rebuild, ...retrain],
        },
        rebuilt: { words: 'Replace ReLU6 by ReLU and retrain.', commands: retrain },
        other: {
          words: 'Replace ReLU6 by ReLU and retrain; tf8 does so for MobileNets only.',
          commands: [],
        },
      }[network];
    case 'smallerSums':
      return {
        words: `Make the biases smaller, with ${option('zeroVariance', 'mean')} where a batch norm has channels of zero variance, or split the layer into ones with fewer input channels.`,
        commands: [quantization(patient, { zeroVariance: 'mean' })],
      };
  }
}

const RECIPE = 'recipe.json';
const DECAY_DEPTHWISE = `Or train on with a greater depthwiseWeightDecay in a recipe of your own, ${RECIPE}.`;
const DECAY = `train on with a greater weightDecay in a recipe of your own, ${RECIPE}, which keeps single weights from growing.`;

function quantization(patient: Patient, change: ConversionOptions): string {
  const { model, data, dataset, calibrationData, inputRange, preprocessing, resolution } = patient;
  return command('quantize', {
    model,
    // Of the calibration's images, there.
    dataset: calibrationData === undefined ? dataset : undefined,
    calibrationData: change.calibrationData ?? calibrationData ?? data,
    calibrationImages: change.calibrationImages ?? patient.calibrationImages,
    ...recipeOptions(change.recipe === undefined ? { ...patient, ...change } : change),
    inputRange: inputRange && `${inputRange.min},${inputRange.max}`,
    preprocessing: preprocessing?.words,
    resolution: resolution?.join('x'),
    out: `${baseName(model)}.tf8`,
  });
}

function fixing({ model, dataset, data, calibrationData, calibrationImages }: Patient): string {
  return command('fix', {
    model,
    dataset,
    calibrationData: calibrationData ?? data,
    calibrationImages,
    out: `${baseName(model)}-fixed.tf8`,
  });
}

/** A recipe comes before what is short for one; one of a program has no name on a command line. */
function recipeOptions({ recipe, zeroVariance }: ConversionOptions) {
  return typeof recipe === 'string' && zeroVariance === undefined ? { recipe } : { zeroVariance };
}

function rearchitecture({ model, dataset, data }: Patient): string {
  const out = `${model === 'STANDARD' ? 'standard' : baseName(model)}-friendly`;
  return command('rearchitect', { model, variant: 'friendly', dataset, data, out });
}

/** None for a network that tf8 does not train. */
function retraining(
  { model, dataset, data, architecture }: Patient,
  variant: 'friendly' | undefined,
  recipe?: string,
): readonly string[] {
  if (architecture === undefined) return [];
  const { network, resolution, widthMultiplier = 1 } = architecture;
  if (hasVariants(network) !== (variant !== undefined)) return [];
  return [
    command('train', {
      network: network === 'mobilenet_v1' ? undefined : network,
      variant,
      squeezeExcite: isWithoutSqueezeExcite(architecture) ? 'off' : undefined,
      widthMultiplier: widthMultiplier === 1 ? undefined : widthMultiplier,
      resolution,
      from: model,
      dataset,
      data,
      recipe,
      out: `${baseName(model)}-retrained`,
    }),
  ];
}

function isWithoutSqueezeExcite(architecture: NetworkConfig): boolean {
  return 'variant' in architecture && architecture.squeezeExcite === false;
}

/** What a user would call it in a folder of models: "mine" for models/mine/model.json. */
function baseName(model: string): string {
  const parts = model.split(/[\\/]/).filter((part) => part !== '' && part !== 'model.json');
  return parts.at(-1)?.replace(/\.(json|pb|tf8)$/, '') ?? 'model';
}
