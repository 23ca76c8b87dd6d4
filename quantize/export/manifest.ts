/**
 * What stands beside an export: where it comes from, its parameters, and the runtimes that computed
 * the same with it.
 */
import { z } from 'zod';
import { RecipeSchema } from '../convert/recipe_schema.ts';
import { byName } from '../model/by_name.ts';
import { isWeighted, roundingOf, type TensorSpec, type Tf8Model } from '../model/tf8_model.ts';
import { ROUNDINGS } from '../params/roundings.ts';
import {
  biasQuantization,
  isPerChannel,
  type WeightQuantization,
} from '../params/weight_quantization.ts';
import { alphaName, biasName, weightsName } from './tensor_names.ts';

const Sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const VerificationSchema = z.strictObject({
  /** Name and version: "LiteRT 2.3.0". */
  runtime: z.string(),
  /** Data set and its fingerprint. */
  data: z.string(),
  images: z.int().positive(),
  /** Bytes compared, of all layers and images. */
  elements: z.int().nonnegative(),
  differing: z.int().nonnegative(),
  maxDifference: z.int().nonnegative(),
  /** In percent of the images; null of a network without an output of classes. */
  top1Agreement: z.number().nullable(),
  /** The rule by which we rounded, where it was another than the network's own. */
  profile: z.enum(ROUNDINGS).exactOptional(),
});

const ParametersSchema = z.strictObject({
  name: z.string(),
  type: z.enum(['uint8', 'int32']),
  /** In TF8's order of axes: [H, W, C] of images; [kh, kw, C, M] of weights. */
  shape: z.array(z.int().positive()),
  /** One for all, or `scales`, one a channel of the output. */
  scale: z.number().exactOptional(),
  scales: z.array(z.number()).exactOptional(),
  zeroPoint: z.int(),
});

export const ManifestSchema = z.strictObject({
  format: z.string(),
  files: z
    .array(z.strictObject({ name: z.string(), bytes: z.int().nonnegative(), sha256: Sha256 }))
    .min(1),
  origin: z.strictObject({
    model: z.string(),
    /** Of the TF8 file. */
    tf8Sha256: Sha256,
    floatModel: z.string(),
    floatWeightsSha256: z.string(),
    calibrationImages: z.int(),
    calibrationData: z.string(),
    zeroVariance: z.enum(['keep', 'mean']),
    /** Absent where `zeroVariance` alone tells it. */
    recipe: RecipeSchema.exactOptional(),
  }),
  rounding: z.string(),
  tensors: z.array(ParametersSchema),
  /** Newest last; one for each version of a runtime. */
  verified: z.array(VerificationSchema),
});

/**
 * What lies beside an exported file: what it is, where it came from, what it was verified with.
 * @interface
 */
export type Manifest = Readonly<z.infer<typeof ManifestSchema>>;
export type Verification = Readonly<z.infer<typeof VerificationSchema>>;
type TensorParameters = z.infer<typeof ParametersSchema>;

/** The manifest of a new export, verified with nothing yet. */
export function exportManifest(
  model: Tf8Model,
  tf8Sha256: string,
  format: string,
  files: Manifest['files'],
): Manifest {
  const { floatModel, floatWeightsSha256, calibrationImages, calibrationData } = model.provenance;
  const { zeroVariance, recipe } = model.provenance;
  return {
    format,
    files,
    origin: {
      model: model.name,
      tf8Sha256,
      floatModel,
      floatWeightsSha256,
      calibrationImages,
      calibrationData,
      zeroVariance,
      ...(recipe !== undefined && { recipe }),
    },
    rounding: roundingOf(model),
    tensors: tensorParameters(model),
    verified: [],
  };
}

/** The manifest with one verification more, in the place of an older one with the same runtime. */
export function withVerification(manifest: Manifest, verification: Verification): Manifest {
  const others = manifest.verified.filter(({ runtime }) => runtime !== verification.runtime);
  return { ...manifest, verified: [...others, verification] };
}

function tensorParameters(model: Tf8Model): TensorParameters[] {
  const image = (name: string, { shape, quantization }: TensorSpec): TensorParameters => ({
    name,
    type: 'uint8',
    shape: [...shape],
    ...quantization,
  });
  const tensors = [image(model.input.name, model.input)];
  const scales = new Map([[model.input.name, model.input.quantization.scale]]);
  for (const node of model.nodes) {
    scales.set(node.name, node.output.quantization.scale);
    if (isWeighted(node)) {
      const { name, weights, bias, inputs } = node;
      tensors.push(
        {
          name: weightsName(name),
          type: 'uint8',
          shape: [...weights.shape],
          ...parametersOf(weights.quantization),
        },
        {
          name: biasName(name),
          type: 'int32',
          shape: [bias.length],
          ...parametersOf(biasQuantization(byName(scales, inputs[0]), weights.quantization)),
        },
      );
    }
    if (node.op === 'prelu') tensors.push(image(alphaName(node.name), node.alpha));
    tensors.push(image(node.name, node.output));
  }
  return tensors;
}

function parametersOf(
  quantization: WeightQuantization,
): Pick<TensorParameters, 'scale' | 'scales' | 'zeroPoint'> {
  const { zeroPoint } = quantization;
  return isPerChannel(quantization)
    ? { scales: [...quantization.scales], zeroPoint }
    : { scale: quantization.scale, zeroPoint };
}
