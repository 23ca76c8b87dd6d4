import { UserError } from '../../foundation/errors.ts';
import { Tf8Plan } from '../../quantize/execute/plan.ts';
import type { Kernels } from '../../quantize/kernels/kernels.ts';
import type { TierReport } from '../../quantize/kernels/route.ts';
import { byName } from '../../quantize/model/by_name.ts';
import { outputNode, type Tf8Model, tensorNames } from '../../quantize/model/tf8_model.ts';
import { type Caller, caller, type Setting, timeCalls } from './calls.ts';
import type { LeftOut } from './record.ts';

/** Images whose layers are compared; the reference takes its time. */
export const COMPARED_IMAGES = 2;

/** Rounds of what has no vectors, on one thread, one image at a time. */
export const SLOW_ROUNDS = 3;

/** A tier that gives the reference's bytes. */
export interface CheckedTier {
  /** "tf8 native avx2" */
  readonly name: string;
  readonly kernels: Kernels;
  /** It computes without vectors: a few calls tell its time. */
  readonly isSlow: boolean;
}

/**
 * Compares each tier and instruction set with the reference on every layer.
 * @param images [N, H, W, C] uint8, of which the first are compared
 * @returns those that this processor has
 * @throws UserError naming the tier, the layer and the image where a byte differs, or the tier whose
 *   self-test failed
 */
export function checkTiers(
  model: Tf8Model,
  images: Uint8Array,
  reports: readonly TierReport[],
): { readonly tiers: readonly CheckedTier[]; readonly leftOut: readonly LeftOut[] } {
  const failed = reports.find(({ state }) => state === 'failed');
  if (failed !== undefined && 'reason' in failed) {
    throw new UserError(`${failed.name} fails its self-test: ${failed.reason}`);
  }
  const passed = reports.filter((report) => report.state === 'passed');
  const reference = passed.find(({ tier }) => tier === 'reference')!;
  const size = model.input.shape.reduce((product, side) => product * side, 1);
  const outputs = tensorNames(model);
  const expected = planOutputs(reference.kernels, model, outputs);
  const compared = passed.filter((report) => report !== reference);
  const plans = compared.map((report) => ({
    name: report.name,
    outputsOf: planOutputs(report.kernels, model, outputs),
  }));
  for (let n = 0; n < Math.min(COMPARED_IMAGES, images.length / size); n++) {
    const image = images.subarray(n * size, (n + 1) * size);
    const right = expected(image);
    for (const { name, outputsOf } of plans) {
      for (const [layer, bytes] of outputsOf(image)) {
        if (Buffer.compare(bytes, byName(right, layer)) === 0) continue;
        throw new UserError(
          `${name} differs from the reference at ${layer} of image ${n}: nothing is timed`,
          { remedy: 'Build the kernels again (npm run build); if that does not help, report it.' },
        );
      }
    }
  }
  return {
    tiers: passed.map(({ name, tier, instructionSet, kernels }) => ({
      name: `tf8 ${name}`,
      kernels,
      isSlow: tier === 'reference' || instructionSet === 'scalar',
    })),
    leftOut: reports.flatMap((report) =>
      report.state === 'passed' ? [] : { name: `tf8 ${report.name}`, reason: report.reason },
    ),
  };
}

/** Its arrays are overwritten by the next image. */
function planOutputs(kernels: Kernels, model: Tf8Model, outputs: readonly string[]) {
  const plan = new Tf8Plan(model, { kernels, outputs });
  return (image: Uint8Array) => plan.run(image);
}

/**
 * The ways to call a tier, each after its logits have been compared with those of image after image
 * on one thread.
 * @param images [N, H, W, C] uint8
 * @throws UserError where a byte differs
 */
export function tierCallers(
  { name, kernels }: CheckedTier,
  model: Tf8Model,
  images: Uint8Array,
  settings: readonly Setting[],
): readonly Caller[] {
  const output = outputNode(model).name;
  const size = model.input.shape.reduce((product, side) => product * side, 1);
  using single = new Tf8Plan(model, { kernels });
  return settings.flatMap(({ threads, batch }) => {
    const plan = new Tf8Plan(model, { kernels, threads });
    if (plan.threads !== threads) {
      plan.close();
      return [];
    }
    const input = images.subarray(0, batch * size);
    const logits = byName(plan.run(input), output).slice();
    for (let n = 0; n < batch; n++) {
      const right = byName(single.run(images.subarray(n * size, (n + 1) * size)), output);
      const found = logits.subarray(n * right.length, (n + 1) * right.length);
      if (Buffer.compare(found, right) === 0) continue;
      throw new UserError(
        `${name} differs on ${threads} threads, image ${n} of ${batch}: nothing is timed`,
      );
    }
    return caller(name, { threads, batch }, async (seconds) =>
      timeCalls(() => plan.run(input), seconds),
    );
  });
}
