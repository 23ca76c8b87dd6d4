/**
 * One fit in a process of its own, so that the peak of its memory is its own: reads a `FitTask` as
 * JSON from its first argument and prints a `Fit`.
 */

import { variantNamed } from '../../architectures/variants.ts';
import { openDataset } from '../../datasets/open_dataset.ts';
import { cacheDir } from '../../foundation/files/cache_dir.ts';
import { terminalReporter } from '../../foundation/reporting/terminal_reporter.ts';
import { Evaluation } from '../../workflows/evaluate/evaluation.ts';
import { openFloatModel } from '../../workflows/open/open_model.ts';
import { quantizeModel } from '../../workflows/quantize/quantize.ts';
import { rearchitect } from '../../workflows/rearchitect/rearchitect.ts';
import type { RearchitectRecord } from '../../workflows/records/rearchitect_record.ts';
import { disjointData } from '../../workflows/reproduce/table_data.ts';
import { runBench } from '../run_bench.ts';
import { temporaryFolder } from '../temporary_folder.ts';

export type Fit = RearchitectRecord['fits'][number];

export interface FitTask {
  readonly model: string;
  readonly variant: string;
  readonly imagenet: string;
  /** To fit on. */
  readonly images: number;
  readonly calibrationImages: number;
  /** Images that are measured; all unless given. */
  readonly limit?: number;
  readonly seed: number;
}

await runBench(async (signal) => {
  const task = JSON.parse(process.argv[2]) as FitTask;
  const { model, images, calibrationImages, limit, seed } = task;
  const context = { reporter: terminalReporter(process.stderr), cacheDir: cacheDir(), signal };
  const { dataset } = disjointData(
    await openDataset('imagenet', { ...context, dir: task.imagenet }),
  );
  const out = await temporaryFolder();
  const { reconstruction } = await rearchitect(
    { model, variant: variantNamed(task.variant), dataset, images, seed, out },
    context,
  );
  // Kibibytes: https://nodejs.org/api/process.html#processresourceusage
  const peakMemoryMiB = process.resourceUsage().maxRSS / 1024;
  const opened = await openFloatModel(out, context);
  const evaluation = new Evaluation(dataset, { limit, seed }, context);
  const float = await evaluation.float(opened, `${images} images`);
  const calibration = { dataset, images: calibrationImages, seed, skip: 0 };
  const quantized = await quantizeModel(opened, 'keep', calibration, context);
  const tf8 = await evaluation.tf8(quantized.model, 'auto', `${images} images`);
  const result: Fit = {
    images,
    seconds: Number(reconstruction.seconds.toPrecision(3)),
    peakMemoryMiB: Math.round(peakMemoryMiB),
    floatTop1Percent: float.top1,
    tf8Top1Percent: tf8.top1,
    layers: reconstruction.layers.map(({ layer, unexplainedVariance, lambda, deadChannels }) => ({
      layer,
      unexplainedVariance:
        unexplainedVariance === null ? null : Number(unexplainedVariance.toPrecision(4)),
      lambda: Number(lambda.toPrecision(4)),
      deadChannels,
    })),
  };
  process.stdout.write(JSON.stringify(result));
});
