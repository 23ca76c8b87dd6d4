/** Whether every kernel tier of this machine gives a network the same bytes. */
import type { Dataset } from '../../datasets/dataset.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import { Tf8Plan } from '../../quantize/execute/plan.ts';
import { examineTiers } from '../../quantize/kernels/select.ts';
import { type Tf8Model, tensorNames } from '../../quantize/model/tf8_model.ts';
import { eachQuantizedImage } from '../../workflows/open/quantized_images.ts';

export interface TiersCompared {
  /** "native avx2", …; last the reference, which the others are held to. */
  readonly tiers: string[];
  /** Of all layers, in each tier that is held to the reference. */
  readonly bytes: number;
  readonly differing: number;
}

/** Runs a model in every tier on the same images and counts the bytes that are not the reference's. */
export async function compareTiers(
  model: Tf8Model,
  dataset: Dataset,
  { images: limit, seed }: { readonly images: number; readonly seed: number },
  context: Context,
): Promise<TiersCompared> {
  const passed = examineTiers().filter((report) => report.state === 'passed');
  const outputs = tensorNames(model);
  const plans = passed.map(({ kernels }) => new Tf8Plan(model, { kernels, outputs }));
  let [bytes, differing] = [0, 0];
  try {
    await eachQuantizedImage(
      model,
      dataset,
      { limit, seed, label: `${model.name} in every tier`, purpose: 'run' },
      context,
      async (_, image) => {
        const [reference, ...others] = plans.map((plan) => plan.run(image)).reverse();
        for (const received of others) {
          for (const [name, expected] of reference) {
            const own = received.get(name)!;
            bytes += expected.length;
            expected.forEach((byte, at) => {
              if (byte !== own[at]) differing++;
            });
          }
        }
      },
    );
  } finally {
    for (const plan of plans) plan[Symbol.dispose]();
  }
  return { tiers: passed.map(({ name }) => name), bytes, differing };
}
