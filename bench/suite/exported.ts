/** What is done with a quantized model of the suite before a runtime has it, and what is counted of its layers. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Context } from '../../foundation/reporting/context.ts';
import { encodeTf8 } from '../../quantize/model/tf8_file.ts';
import type { Tf8Model } from '../../quantize/model/tf8_model.ts';
import { exportModel } from '../../workflows/export/export.ts';
import type { VerifyResult } from '../../workflows/verify/verify.ts';

/** Of the images. */
export const SEED = 0;

/** Writes a model and its export to LiteRT into a folder. */
export async function exportToLiteRt(
  model: Tf8Model,
  folder: string,
  context: Context,
): Promise<{ readonly tf8: string; readonly tflite: string }> {
  const [tf8, tflite] = [join(folder, 'model.tf8'), join(folder, 'model.tflite')];
  await writeFile(tf8, await encodeTf8(model));
  await exportModel({ model: tf8, format: 'tflite', out: tflite, seed: SEED }, context);
  return { tf8, tflite };
}

/** Over all layers. */
export function countedBytes({ layers }: Pick<VerifyResult, 'layers'>): {
  readonly bytes: number;
  readonly differing: number;
} {
  const sum = (field: 'elements' | 'differing') =>
    layers.reduce((total, layer) => total + layer[field], 0);
  return { bytes: sum('elements'), differing: sum('differing') };
}
