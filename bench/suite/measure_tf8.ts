/** A model of the suite: its float graph beside its program, its outputs in TF8 beside float, its export in LiteRT. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Dataset } from '../../datasets/dataset.ts';
import { UserError } from '../../foundation/errors.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import { compareOutputs } from '../../workflows/evaluate/compare_outputs.ts';
import { openFloatModel } from '../../workflows/open/open_model.ts';
import { quantizeModel } from '../../workflows/quantize/quantize.ts';
import type { ModelsRecord } from '../../workflows/records/models_record.ts';
import { isUserError } from '../../workflows/user_error.ts';
import { verify } from '../../workflows/verify/verify.ts';
import { verifyFloat } from '../../workflows/verify/verify_float.ts';
import { compareTiers } from './compare_tiers.ts';
import { countedBytes, exportToLiteRt, SEED } from './exported.ts';
import { refusalOf } from './measure_model.ts';

/** Of noise, which both float programs run. */
const FLOAT_IMAGES = 2;
/** The reference kernels take their time. */
const TIER_IMAGES = 1;

export interface Photographs {
  readonly dataset: Dataset;
  readonly dir: string;
  readonly images: number;
  /** That LiteRT runs. */
  readonly litertImages: number;
}

/** What becomes of the model at `path` in 8 bits, or why it is not measured. */
export async function measureTf8(
  path: string,
  { dataset, dir, images, litertImages }: Photographs,
  context: Context,
): Promise<
  Pick<ModelsRecord['opened'][number], 'float' | 'outputs' | 'tiers' | 'litert' | 'reason'>
> {
  const folder = await mkdtemp(join(tmpdir(), 'tf8-models-'));
  try {
    const float = await verifyFloat({ model: path, limit: FLOAT_IMAGES, seed: SEED }, context);
    const opened = await openFloatModel(path, context);
    try {
      const source = { dataset, images, seed: SEED, skip: 0 };
      const { model } = await quantizeModel(opened, 'keep', source, context);
      const { outputs } = await compareOutputs(
        { opened, tf8: model, tier: 'auto', dataset, limit: images, seed: SEED },
        context,
      );
      const tiers = await compareTiers(
        model,
        dataset,
        { images: TIER_IMAGES, seed: SEED },
        context,
      );
      const { tflite } = await exportToLiteRt(model, folder, context);
      const run = { dataset: dataset.name, data: dir, limit: litertImages, seed: SEED } as const;
      const verified = await verify({ ...run, file: tflite, tier: 'auto' }, context);
      return {
        float: {
          runtime: float.runtime,
          relativeDifference: Math.max(...float.outputs.map((one) => one.relativeDifference)),
        },
        outputs: outputs.map(({ name, sqnrDb }) => ({
          name,
          sqnrDb: Number.isFinite(sqnrDb) ? Number(sqnrDb.toFixed(1)) : 'lossless',
        })),
        tiers,
        litert: countedBytes(verified),
      };
    } finally {
      opened.dispose();
    }
  } catch (error) {
    if (!isUserError(error)) throw error;
    return { reason: error instanceof UserError ? refusalOf(error, path) : String(error) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
