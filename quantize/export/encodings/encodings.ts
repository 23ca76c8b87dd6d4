/**
 * Quantization parameters for tools that quantize a float network themselves: AIMET's encodings, format
 * 0.6.1, the version with minima and maxima, which Qualcomm's converters take too
 * (`--quantization_overrides`). Specification: Docs/api_docs/quantization_encoding_specification.rst of
 * https://github.com/quic/aimet.
 */
import { isWeighted, tensorSpecs } from '../../model/tf8_model.ts';
import { BYTE_MAX, type QuantizationParams } from '../../params/quantization.ts';
import { isPerChannel, type WeightQuantization } from '../../params/weight_quantization.ts';
import type { ExportedFile, ExportFormat, ExportSource } from '../export_format.ts';
import { exportedOutputs, weightsName } from '../tensor_names.ts';
import { encodeFloatOnnx } from '../onnx/float_onnx.ts';

const VERSION = '0.6.1';
const BITS = 8;

export const ENCODINGS: ExportFormat = {
  name: 'encodings',
  fileNames: encodingsFileNames,
  encode: encodeEncodings,
  usesFloatWeights: true,
};

/** The parameters, and the float network beside them. */
function encodingsFileNames(name: string): readonly [string, string] {
  return [name, `${name.replace(/\.json$/, '')}.onnx`];
}

/**
 * The encodings, of the names that the tensors of the float network have, and that network where the
 * float weights are there. Biases have none: they are int32 at scaleIn · scaleWeight (eq. 3).
 */
function encodeEncodings(source: ExportSource): ExportedFile[] {
  const { model, floatWeights } = source;
  const specs = [...tensorSpecs(model)];
  const activations = [
    ...specs.map(([name, spec]) => [name, [encoding(spec.quantization)]] as const),
    ...exportedOutputs(model).map(
      ({ name, spec }) => [name, [encoding(spec.quantization)]] as const,
    ),
  ];
  const weights = model.nodes
    .filter(isWeighted)
    .map((node) => [weightsName(node.name), weightEncodings(node.weights.quantization)] as const);
  const json = {
    version: VERSION,
    activation_encodings: Object.fromEntries(activations),
    param_encodings: Object.fromEntries(weights),
  };
  const bytes = new TextEncoder().encode(`${JSON.stringify(json, null, 2)}\n`);
  const [name, floatName] = encodingsFileNames(source.fileName);
  const files: ExportedFile[] = [{ name, bytes }];
  if (floatWeights !== undefined) {
    files.push({ name: floatName, bytes: encodeFloatOnnx(model, floatWeights) });
  }
  return files;
}

/** One encoding a channel where each has a scale. */
function weightEncodings(quantization: WeightQuantization) {
  if (!isPerChannel(quantization)) return [encoding(quantization)];
  const { scales, zeroPoint } = quantization;
  return scales.map((scale) => ({ ...encoding({ scale, zeroPoint }), is_symmetric: 'True' }));
}

/** AIMET's offset is the negated zero point: min = scale · offset, max = scale · (offset + 255). */
function encoding({ scale, zeroPoint }: QuantizationParams) {
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
