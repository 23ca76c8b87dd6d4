/**
 * Quantization parameters for tools that quantize a float network themselves: AIMET's encodings, which Qualcomm's
 * converters take too (`--quantization_overrides`). Specification, all versions: Docs/techniques/encoding_spec.rst of
 * https://github.com/qualcomm/aimet.
 */
import { byName } from '../../model/by_name.ts';
import { isWeighted, type Tf8Model, tensorSpecs } from '../../model/tf8_model.ts';
import { BYTE_MAX, type QuantizationParams } from '../../params/quantization.ts';
import {
  biasQuantization,
  isPerChannel,
  SYMMETRIC_ZERO_POINT,
  type WeightQuantization,
  weightScales,
} from '../../params/weight_quantization.ts';
import type { ExportedFile, ExportFormat, ExportSource } from '../export_format.ts';
import type { FormatName } from '../format_names.ts';
import { encodeFloatOnnx } from '../onnx/float_onnx.ts';
import { weightAxes } from '../onnx/operators.ts';
import { biasName, exportedOutputs, weightsName } from '../tensor_names.ts';

const BITS = 8;

/** Version 0.6.1, the last with minima and maxima. */
export const ENCODINGS = encodingsFormat('encodings', version061);

/** Version 1.0.0: lists, an array of scales where each channel has one. */
export const ENCODINGS_1 = encodingsFormat('encodings-1', version100);

/** Version 2.0.0: the inputs and attributes of QuantizeLinear. */
export const ENCODINGS_2 = encodingsFormat('encodings-2', version200);

function encodingsFormat(name: FormatName, encode: (tensors: Tensors) => object): ExportFormat {
  return {
    name,
    fileNames: encodingsFileNames,
    encode: (source) => encodeEncodings(source, encode),
    usesFloatWeights: true,
  };
}

/** The parameters, and the float network beside them: its name is no name of JSON. */
function encodingsFileNames(name: string): readonly [string, string] {
  const stem = name.replace(/\.(json|onnx)$/, '');
  return [name.endsWith('.onnx') ? `${stem}.json` : name, `${stem}.onnx`];
}

/** The encodings, of the names that the tensors of the float network have, and that network where the float weights are there. */
function encodeEncodings(
  { model, floatWeights, fileName }: ExportSource,
  encode: (tensors: Tensors) => object,
): ExportedFile[] {
  const json = encode(tensorsOf(model));
  const bytes = new TextEncoder().encode(`${JSON.stringify(json, null, 2)}\n`);
  const [name, floatName] = encodingsFileNames(fileName);
  const files: ExportedFile[] = [{ name, bytes }];
  if (floatWeights !== undefined) {
    files.push({ name: floatName, bytes: encodeFloatOnnx(model, floatWeights) });
  }
  return files;
}

interface Activation {
  readonly name: string;
  readonly quantization: QuantizationParams;
}

interface Parameter {
  readonly name: string;
  readonly quantization: WeightQuantization;
  /** Of the channels in the ONNX network. */
  readonly axis: number;
}

interface Tensors {
  readonly activations: readonly Activation[];
  readonly weights: readonly Parameter[];
  /** int32 at scaleIn · scaleWeight (eq. 3). */
  readonly biases: readonly Parameter[];
}

function tensorsOf(model: Tf8Model): Tensors {
  const specs = tensorSpecs(model);
  const weighted = model.nodes.filter(isWeighted);
  return {
    activations: [
      ...[...specs].map(([name, { quantization }]) => ({ name, quantization })),
      ...exportedOutputs(model).map(({ name, spec }) => ({
        name,
        quantization: spec.quantization,
      })),
    ],
    weights: weighted.map(({ name, op, weights }) => ({
      name: weightsName(name),
      quantization: weights.quantization,
      axis: weightAxes(op).indexOf(3),
    })),
    biases: weighted.map(({ name, inputs, weights }) => {
      const { scale } = byName(specs, inputs[0]).quantization;
      return {
        name: biasName(name),
        quantization: biasQuantization(scale, weights.quantization),
        axis: 0,
      };
    }),
  };
}

function version061({ activations, weights }: Tensors): object {
  return {
    version: '0.6.1',
    activation_encodings: Object.fromEntries(
      activations.map(({ name, quantization }) => [name, [minAndMax(quantization)]]),
    ),
    param_encodings: Object.fromEntries(
      weights.map(({ name, quantization }) => [name, weightEncodings(quantization)]),
    ),
  };
}

/** One encoding a channel where each has a scale. */
function weightEncodings(quantization: WeightQuantization) {
  if (!isPerChannel(quantization)) return [minAndMax(quantization)];
  const { scales, zeroPoint } = quantization;
  return scales.map((scale) => ({ ...minAndMax({ scale, zeroPoint }), is_symmetric: 'True' }));
}

/** AIMET's offset is the negated zero point: min = scale · offset, max = scale · (offset + 255). */
function minAndMax({ scale, zeroPoint }: QuantizationParams) {
  return {
    min: 0 - scale * zeroPoint,
    max: scale * (BYTE_MAX - zeroPoint),
    scale,
    offset: 0 - zeroPoint,
    bitwidth: BITS,
    dtype: 'int',
    is_symmetric: 'False',
  };
}

function version100({ activations, weights }: Tensors): object {
  const perChannel = weights.some(({ quantization }) => isPerChannel(quantization));
  const symmetric = weights.every(({ quantization }) => isSymmetric(quantization));
  return {
    version: '1.0.0',
    activation_encodings: activations.map(({ name, quantization }) =>
      listed(name, quantization, false),
    ),
    param_encodings: weights.map(({ name, quantization }) =>
      listed(name, quantization, isSymmetric(quantization)),
    ),
    quantizer_args: {
      activation_bitwidth: BITS,
      param_bitwidth: BITS,
      dtype: 'int',
      is_symmetric: symmetric,
      per_channel_quantization: perChannel,
      quant_scheme: 'post_training_tf',
    },
    excluded_layers: [],
  };
}

function listed(name: string, quantization: WeightQuantization, isSymmetric: boolean) {
  const scale = weightScales(quantization);
  return {
    name,
    enc_type: isPerChannel(quantization) ? 'PER_CHANNEL' : 'PER_TENSOR',
    dtype: 'INT',
    bw: BITS,
    is_sym: isSymmetric,
    scale,
    offset: scale.map(() => 0 - quantization.zeroPoint),
  };
}

function version200({ activations, weights, biases }: Tensors): object {
  return {
    version: '2.0.0',
    encodings: [
      // Of one scale, which has no axis.
      ...activations.map((activation) => quantizeLinear({ ...activation, axis: 0 }, false)),
      ...weights.map((weight) => quantizeLinear(weight, isSymmetric(weight.quantization))),
      ...biases.map(({ name, quantization, axis }) => ({
        name,
        output_dtype: 'int32',
        ...scaleOf(quantization, axis),
      })),
    ],
  };
}

/** Symmetric weights as int8, whose zero point, 0, is left out. */
function quantizeLinear({ name, quantization, axis }: Parameter, isSigned: boolean) {
  return {
    name,
    output_dtype: isSigned ? 'int8' : 'uint8',
    ...scaleOf(quantization, axis),
    ...(!isSigned && { y_zero_point: quantization.zeroPoint }),
  };
}

function scaleOf(quantization: WeightQuantization, axis: number) {
  return isPerChannel(quantization)
    ? { y_scale: quantization.scales, axis }
    : { y_scale: quantization.scale };
}

function isSymmetric({ zeroPoint }: WeightQuantization): boolean {
  return zeroPoint === SYMMETRIC_ZERO_POINT;
}
