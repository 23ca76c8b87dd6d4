import { byName } from '../../model/by_name.ts';
import { isWeighted } from '../../model/tf8_model.ts';
import { biasQuantization, type WeightQuantization } from '../../params/weight_quantization.ts';
import type { ExportFormat, ExportSource } from '../export_format.ts';
import { appendZip, type ZipEntry } from '../stored_zip.ts';
import { alphaName, biasName, TensorNames, weightsName } from '../tensor_names.ts';
import { HEAD_NAME, tf8Head } from '../tf8_head.ts';
import { encodeNpy } from './npy.ts';

/** The arrays of a network for NumPy. */
export const NPZ: ExportFormat = {
  name: 'npz',
  fileNames: (name) => [name],
  encode: (source) => [{ name: source.fileName, bytes: encodeNpz(source) }],
};

/**
 * An `.npz` file. Of each tensor, the input, each node's output, NODE/weights and NODE/bias, it has
 * TENSOR/scale (float32; [M] of weights and biases with one a channel) and TENSOR/zero_point (int32); NODE/weights (uint8, in TF8's order of axes)
 * and NODE/bias (int32) themselves too; and the head of the TF8 file.
 * @throws QuantizationError where a name comes twice
 */
function encodeNpz({ model, tf8 }: ExportSource): Uint8Array {
  const entries: ZipEntry[] = [];
  const names = new TensorNames();
  const add = (name: string, ...array: Parameters<typeof encodeNpy>) => {
    names.add(name);
    entries.push({ name: `${name}.npy`, bytes: encodeNpy(...array) });
  };
  const addParams = (name: string, { zeroPoint, ...scales }: WeightQuantization) => {
    const shape = 'scale' in scales ? [] : [scales.scales.length];
    add(
      `${name}/scale`,
      Float32Array.from('scale' in scales ? [scales.scale] : scales.scales),
      shape,
    );
    add(`${name}/zero_point`, Int32Array.of(zeroPoint), []);
  };
  const head = tf8Head(tf8);
  add(HEAD_NAME, head, [head.length]);
  const { input } = model;
  addParams(input.name, input.quantization);
  const scales = new Map([[input.name, input.quantization.scale]]);
  for (const node of model.nodes) {
    const { name, inputs, output } = node;
    if (isWeighted(node)) {
      const { weights, bias } = node;
      add(weightsName(name), weights.data, weights.shape);
      addParams(weightsName(name), weights.quantization);
      add(biasName(name), bias, [bias.length]);
      const scaleIn = byName(scales, inputs[0]);
      addParams(biasName(name), biasQuantization(scaleIn, weights.quantization));
    }
    if (node.op === 'prelu') {
      add(alphaName(name), node.alpha.data, node.alpha.shape);
      addParams(alphaName(name), node.alpha.quantization);
    }
    addParams(name, output.quantization);
    scales.set(name, output.quantization.scale);
  }
  return appendZip(new Uint8Array(0), entries);
}
