import fc from 'fast-check';
import type { ExportSource } from '../../../quantize/export/export_format.ts';
import { encodeTf8 } from '../../../quantize/model/tf8_file.ts';
import type { Tf8Model, WeightedNode } from '../../../quantize/model/tf8_model.ts';
import { NO_PADDING } from '../../../quantize/params/window.ts';
import { randomModels } from '../model/random_models.ts';

/** A model with each operation, the same at every call. */
export const [MODEL] = fc.sample(randomModels({ withEveryOp: true }), {
  seed: 3,
  numRuns: 1,
}) as [Tf8Model];

export async function sourceOf(model: Tf8Model): Promise<ExportSource> {
  return { model, tf8: await encodeTf8(model), fileName: 'model' };
}

/** An image of 4 × 4 × 1, then the given nodes; each by default a 2 × 2 convolution to 1 × 1 × 2. */
export function modelOf(
  ...changes: readonly Partial<Omit<WeightedNode, 'op'>>[]
): Tf8Model & { readonly nodes: readonly WeightedNode[] } {
  const nodes: WeightedNode[] = [];
  for (const change of changes) {
    const previous = nodes.at(-1);
    nodes.push({
      op: 'conv2d',
      name: `node_${nodes.length}`,
      inputs: [previous?.name ?? 'image'],
      output: { shape: [1, 1, 2], quantization: { scale: 0.5, zeroPoint: 10 } },
      weights: {
        data: Uint8Array.from({ length: 32 }, (_, index) => index),
        shape: [4, 4, 1, 2],
        quantization: { scale: 0.25, zeroPoint: 7 },
      },
      bias: Int32Array.of(5, -6),
      strides: [1, 1],
      padding: NO_PADDING,
      activation: 'linear',
      ...change,
    });
  }
  return {
    name: 'small',
    input: { name: 'image', shape: [4, 4, 1], quantization: { scale: 0.125, zeroPoint: 3 } },
    nodes,
    labelOffset: 1,
    classNames: ['cat'],
    provenance: {
      floatModel: 'made up',
      floatWeightsSha256: '',
      calibrationImages: 1,
      calibrationData: 'none',
      zeroVariance: 'keep',
    },
  };
}

/** An image [4, 4, 1] to [2, 2, 2], which is the second output, and on to [1, 1, 2], the first. */
export function twoOutputs(): Tf8Model {
  const weights = (shape: WeightedNode['weights']['shape']) => ({
    data: Uint8Array.from({ length: shape.reduce((a, b) => a * b) }, (_, index) => 9 * index),
    shape,
    quantization: { scale: 0.25, zeroPoint: 7 },
  });
  const quantization = { scale: 0.5, zeroPoint: 10 };
  const model = modelOf(
    { weights: weights([3, 3, 1, 2]), output: { shape: [2, 2, 2], quantization } },
    { weights: weights([2, 2, 2, 2]), output: { shape: [1, 1, 2], quantization } },
  );
  return { ...model, outputs: ['node_1', 'node_0'] };
}
