import type { Context } from '../../foundation/reporting/context.ts';
import type { TierReport } from '../../quantize/kernels/route.ts';
import type { Tf8Model } from '../../quantize/model/tf8_model.ts';
import { quantizeArray } from '../../quantize/params/quantization.ts';
import { DEFAULT_ROUNDING, ROUNDINGS, type RoundingName } from '../../quantize/params/roundings.ts';
import { quantizeModel } from '../../workflows/quantize/quantize.ts';
import { takeTurns } from '../rounds.ts';
import { callFigures } from './calls.ts';
import type { RoundingsRow } from './roundings_record.ts';
import { checkTiers, SLOW_ROUNDS, tierCallers } from './tiers.ts';
import {
  CALIBRATION_IMAGES,
  openImages,
  openNetwork,
  recipeFor,
  SEED,
  takeBatch,
  type WorkloadOptions,
} from './workload.ts';

const SINGLE = { threads: 1, batch: 1 } as const;

/** A network quantized for a rule, and what it runs on. */
export interface RoundedNetwork {
  readonly rounding: RoundingName;
  readonly tf8: Tf8Model;
  /** [N, H, W, C] uint8, as the input of this network has them */
  readonly images: Uint8Array;
}

/**
 * The network quantized for each rule: by power-of-two it has other scales.
 * @throws what the opening of network and images throws
 */
export async function roundedNetworks(
  { network, folder, imagenet, count }: WorkloadOptions,
  context: Context,
): Promise<{ readonly networks: readonly RoundedNetwork[]; readonly content: string }> {
  const { dataset, content } = await openImages(imagenet, context);
  const opened = await openNetwork(network, folder, context);
  const quantized: { readonly rounding: RoundingName; readonly tf8: Tf8Model }[] = [];
  for (const rounding of ROUNDINGS) {
    const source = { dataset, images: CALIBRATION_IMAGES, seed: SEED, skip: 0, rounding };
    const label = `${opened.name} by ${rounding}`;
    const { model: tf8 } = await quantizeModel(opened, recipeFor(network), source, context, label);
    quantized.push({ rounding, tf8 });
  }
  opened.dispose();
  const [resolution] = quantized[0].tf8.input.shape;
  const { images } = await takeBatch(dataset, 'test', resolution, count, context.signal);
  const networks = quantized.map((one) => ({
    ...one,
    images: quantizeArray(images, one.tf8.input.quantization),
  }));
  return { networks, content };
}

export interface RoundingsTiming {
  readonly rounds: number;
  /** Of a turn. */
  readonly seconds: number;
}

/**
 * How long each tier with vectors takes for one image on one thread, by each rule.
 * @throws UserError where a byte of a layer is not the reference's: nothing is timed then
 */
export async function timeRoundings(
  networks: readonly RoundedNetwork[],
  reports: readonly TierReport[],
  { rounds, seconds }: RoundingsTiming,
  { reporter, signal }: Pick<Context, 'reporter' | 'signal'>,
): Promise<readonly RoundingsRow[]> {
  const contestants = networks.flatMap(({ rounding, tf8, images }) => {
    reporter.info(`Comparing our tiers by ${rounding} with the reference…`);
    const { tiers } = checkTiers(tf8, images, reports);
    return tiers
      .filter(({ isSlow }) => !isSlow)
      .flatMap((tier) => {
        const named = { ...tier, name: `${tier.name}, ${rounding}` };
        const isLeft = tier.kernels.tier === 'wasm' && rounding !== DEFAULT_ROUNDING;
        const callers = tierCallers(named, tf8, images, [SINGLE]);
        return callers.map((caller) => ({ caller, tier: tier.name, rounding, isLeft }));
      });
  });
  const turnsOf = (isLeft: boolean, most: number) =>
    takeTurns(
      contestants.filter((one) => one.isLeft === isLeft).map(({ caller }) => caller),
      {
        rounds: Math.min(rounds, most),
        seconds,
        signal,
        onRound: (round) => reporter.info(round === 0 ? 'warming up' : `round ${round}`),
      },
    );
  const turns = new Map([...(await turnsOf(false, rounds)), ...(await turnsOf(true, SLOW_ROUNDS))]);
  return contestants.map(({ caller, tier, rounding }) => {
    return { tier, rounding, ...callFigures(turns.get(caller.name)!) };
  });
}
