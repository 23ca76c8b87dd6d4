import { buildMobileNetV1 } from '../../architectures/build_mobilenet_v1.ts';
import { STANDARD } from '../../architectures/variants.ts';
import type { LabelledBatch } from '../../datasets/dataset.ts';
import { SILENT_REPORTER } from '../../foundation/reporting/reporter.ts';
import type { Cluster } from '../../training/cluster/cluster.ts';
import { SCRATCH_ADAM } from '../../training/recipes/recipes.ts';
import { createClusterStep, createTrainStep } from '../../training/step/create_train_step.ts';

/** The network of the steps whose cost is compared, and the images of a joint batch. */
export const STEP = { widthMultiplier: 0.25, resolution: 64, classes: 10, batch: 64 } as const;

const WARM_UP = 3;
const STEPS = 30;

/** Milliseconds of this process' processor time, user and system, a step: alone, or as one of the workers. */
export async function stepCost(cluster?: Cluster): Promise<number> {
  const model = buildMobileNetV1({ variant: STANDARD, ...STEP }, { seed: 1 });
  const options = { regularizeDepthwise: false };
  const step =
    cluster === undefined
      ? await createTrainStep(model, SCRATCH_ADAM, { ...options, reporter: SILENT_REPORTER })
      : await createClusterStep(model, SCRATCH_ADAM, cluster, options);
  const batch = batchOf(STEP.batch / (cluster?.workers ?? 1));
  let before = process.cpuUsage();
  for (let number = 0; number < WARM_UP + STEPS; number++) {
    if (number === WARM_UP) before = process.cpuUsage();
    const share = cluster && { rank: cluster.rank, mine: { stop: false, seconds: 0 } };
    await step.run(batch, {
      learningRate: 1e-6,
      seed: number,
      step: number,
      ...(share && { share }),
    });
  }
  const { user, system } = process.cpuUsage(before);
  step.dispose();
  model.dispose();
  return Number(((user + system) / 1000 / STEPS).toFixed(1));
}

function batchOf(size: number): LabelledBatch {
  const { resolution, classes } = STEP;
  const images = Float32Array.from({ length: size * resolution ** 2 * 3 }, (_, i) => Math.sin(i));
  return {
    images,
    shape: [size, resolution, resolution, 3],
    labels: Int32Array.from({ length: size }, (_, n) => n % classes),
    names: Array.from({ length: size }, (_, n) => `${n}`),
    position: size,
  };
}
