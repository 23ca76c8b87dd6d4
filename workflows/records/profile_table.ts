import type { ProfileAnalysis, ProfileLayer } from '../../quantize/analyze/analysis.ts';
import { DEFAULT_ROUNDING } from '../../quantize/params/roundings.ts';
import { percent, tenth } from '../charts/format.ts';

export const PROFILE_HEADER = ['layer', 'here %', 'up to here %', 'most', 'dB', 'default dB'];

/** A line for each layer that has bytes of its own, under `PROFILE_HEADER`. */
export function profileRows({ layers }: ProfileAnalysis): string[][] {
  return layers.map(({ layer, maxDifference, sqnrDb, defaultSqnrDb, ...counts }) => [
    layer,
    percent(counts.differingHere / counts.elements),
    percent(counts.differing / counts.elements),
    String(maxDifference),
    decibels(sqnrDb),
    defaultSqnrDb === undefined ? '–' : decibels(defaultSqnrDb),
  ]);
}

/** What the columns of `PROFILE_HEADER` are. */
export const PROFILE_CAPTION = `Bytes that the rule alone changes against ${DEFAULT_ROUNDING}, of the same inputs (here) and of the whole network (up to here), and by how much at most; decibels against float, mean over the images, of the network by each rule.`;

/** What a profile costs in all, in sentences. */
export function profileWords({ name, layers, agreement, default: plain }: ProfileAnalysis): string {
  const last = layers.at(-1);
  const changed = layers.filter(({ differingHere }) => differingHere > 0).length;
  return [
    `The profile ${name} changes bytes in ${changed} of ${layers.length} layers`,
    ...(last ? [`, ${differingShare(last)} % at the end`] : []),
    '.',
    ...(last?.defaultSqnrDb === undefined
      ? []
      : [
          ` The end keeps ${decibels(last.sqnrDb)} dB, ${decibels(last.defaultSqnrDb)} by default.`,
        ]),
    ...(agreement === undefined
      ? []
      : [` First class as by default: ${agreement.agreeing} of ${agreement.images} images.`]),
    ...(plain === undefined
      ? []
      : [` By default, as in float: ${plain.agreement.agreeing} of ${plain.agreement.images}`]),
    ...(plain?.accuracy === undefined ? [] : [`; top-1 ${tenth(plain.accuracy.tf8.top1)} %`]),
    ...(plain === undefined ? [] : ['.']),
  ].join('');
}

function differingShare({ differing, elements }: ProfileLayer): string {
  return percent(differing / elements);
}

function decibels(db: number): string {
  if (db === Infinity) return 'lossless';
  return db === -Infinity ? 'no signal' : tenth(db);
}
