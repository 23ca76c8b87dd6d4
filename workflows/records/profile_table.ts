import type { Analysis, ProfileAnalysis, ProfileLayer } from '../../quantize/analyze/analysis.ts';
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
export function profileCaption({ name }: ProfileAnalysis): string {
  const both =
    name === 'power-of-two'
      ? ' By default the scales are no powers of two: the bytes say what the rule alone does at the scales of power-of-two, the decibels what rule and scales cost together.'
      : '';
  return `Bytes that the rule alone changes against ${DEFAULT_ROUNDING}, the default, of the same inputs (here) and of the whole network (up to here), and by how much the latter at most; decibels against float, mean over the images, of the network by each rule.${both}`;
}

/** A profile with what the network by it was found to be worth. */
export type ProfiledAnalysis = Pick<Analysis, 'agreement' | 'accuracy'> & {
  readonly profile: ProfileAnalysis;
};

/** What a profile costs in all, in sentences: classes, then the last layer, then where it begins. */
export function profileWords({ profile, agreement, accuracy }: ProfiledAnalysis): string {
  const { name, layers, default: plain } = profile;
  const sentences = [
    ...top1Words(name, accuracy, plain?.accuracy),
    ...firstClassWords(profile, agreement),
  ];
  const last = layers.at(-1);
  if (last?.defaultSqnrDb !== undefined) {
    const [db, defaultDb] = [decibels(last.sqnrDb), decibels(last.defaultSqnrDb)];
    sentences.push(`The last layer keeps ${db} dB by ${name}, ${defaultDb} by default.`);
  }
  sentences.push(bytesWords(profile));
  return sentences.join(' ');
}

function top1Words(
  name: string,
  accuracy: Analysis['accuracy'],
  plain: Analysis['accuracy'],
): string[] {
  if (accuracy === undefined || plain === undefined) return [];
  const [own, byDefault, float] = [accuracy.tf8, plain.tf8, accuracy.float].map(({ top1 }) =>
    tenth(top1),
  );
  return [`Top-1: ${own} % by ${name}, ${byDefault} % by default, ${float} % in float.`];
}

function firstClassWords(
  { agreement: asDefault, default: plain }: ProfileAnalysis,
  agreement: Analysis['agreement'],
): string[] {
  if (asDefault === undefined) return [];
  const float =
    agreement === undefined || plain === undefined
      ? ''
      : `, as in float for ${agreement.agreeing} (by default for ${plain.agreement.agreeing})`;
  return [
    `The first class is as by default for ${asDefault.agreeing} of ${asDefault.images} images${float}.`,
  ];
}

function bytesWords({ name, layers }: ProfileAnalysis): string {
  const here = ({ differingHere, elements }: ProfileLayer) => differingHere / elements;
  const changed = layers.filter(({ differingHere }) => differingHere > 0);
  if (changed.length === 0) return `The profile ${name} changes no byte.`;
  const most = changed.reduce((a, b) => (here(b) > here(a) ? b : a));
  const last = layers.at(-1)!;
  const share = percent(last.differing / last.elements);
  return `The profile ${name} changes bytes in ${changed.length} of ${layers.length} layers, most in ${most.layer} (${percent(here(most))} % of the same inputs), and through them ${share} % of the last layer's, by ${last.maxDifference} at most.`;
}

function decibels(db: number): string {
  if (db === Infinity) return 'lossless';
  return db === -Infinity ? 'no signal' : tenth(db);
}
