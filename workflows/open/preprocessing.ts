/** How pixels become a network's numbers, as it is asked for in words: `torch`, `range=0,255 bgr`. */
import { UserError } from '../../foundation/errors.ts';
import type { InputRange } from './model_facts.ts';

/** What is asked for; what is left out is the model's own. */
export interface InputPreprocessing {
  /** The words, for records and command lines. */
  readonly words: string;
  readonly range?: InputRange | undefined;
  /** Part of each side that is kept, from the middle. */
  readonly centralFraction?: number | undefined;
  readonly resample?: 'bilinear' | 'bicubic' | undefined;
}

/** What a word or a value asks for. */
interface Draft {
  low?: number;
  high?: number;
  mean?: readonly number[];
  deviation?: readonly number[];
  order?: 'bgr';
  centralFraction?: number;
  resample?: 'bilinear' | 'bicubic';
}

const WORDS: Readonly<Record<string, Draft>> = {
  symmetric: { low: -1, high: 1 },
  unit: { low: 0, high: 1 },
  bytes: { low: 0, high: 255 },
  torch: { low: 0, high: 1, mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225] },
  caffe: { low: 0, high: 255, mean: [103.939, 116.779, 123.68], order: 'bgr' },
  bgr: { order: 'bgr' },
  bilinear: { resample: 'bilinear' },
  bicubic: { resample: 'bicubic' },
};

/** What a value asks for; undefined where it is none. */
const VALUES: Readonly<Record<string, (numbers: readonly number[]) => Draft | undefined>> = {
  range: ([low, high, ...more]) => (more.length === 0 && low < high ? { low, high } : undefined),
  affine: ([scale, shift, ...more]) =>
    more.length === 0 && scale > 0 ? { low: shift, high: 255 * scale + shift } : undefined,
  mean: (mean) => (isAllOrEach(mean) ? { mean } : undefined),
  deviation: (deviation) =>
    isAllOrEach(deviation) && deviation.every((value) => value > 0) ? { deviation } : undefined,
  centre: ([centralFraction, ...more]) =>
    more.length === 0 && centralFraction > 0 && centralFraction <= 1
      ? { centralFraction }
      : undefined,
};

/** For help and errors. */
export const PREPROCESSING_WORDS =
  'symmetric, unit, bytes, torch, caffe, range=LOW,HIGH, affine=A,B (pixel · A + B), mean=M[,M,M], deviation=D[,D,D], bgr, centre=PART, bicubic';

/**
 * Reads words that are separated by spaces: a later one changes an earlier one. Mean and deviation are of
 * numbers in the range, which is [0, 1] unless told: (x − mean) / deviation.
 * @throws UserError naming the word that is none
 */
export function preprocessingOf(text: string): InputPreprocessing {
  const words = text.split(/[\s;]+/).filter((word) => word !== '');
  if (words.length === 0) throw unknownWord(text);
  const draft: Draft = Object.assign({}, ...words.map(draftOf));
  const { centralFraction, resample } = draft;
  return { words: words.join(' '), range: rangeOf(draft), centralFraction, resample };
}

function draftOf(word: string): Draft {
  const [name, value] = word.split('=', 2);
  if (value === undefined && Object.hasOwn(WORDS, name)) return WORDS[name];
  if (value === undefined || !Object.hasOwn(VALUES, name)) throw unknownWord(word);
  const numbers = value.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  const draft = numbers.every(Number.isFinite) ? VALUES[name](numbers) : undefined;
  if (draft === undefined) throw unknownWord(word);
  return draft;
}

function rangeOf({ low, high, mean, deviation, order }: Draft): InputRange | undefined {
  const isTold = low !== undefined || mean !== undefined || deviation !== undefined;
  if (!isTold && order === undefined) return undefined;
  const [min, max] = [low ?? (isTold ? 0 : -1), high ?? 1];
  const count = Math.max(mean?.length ?? 1, deviation?.length ?? 1);
  const at = (values: readonly number[] | undefined, channel: number, otherwise: number) =>
    values === undefined ? otherwise : values[values.length === 1 ? 0 : channel];
  const channels = Array.from({ length: count }, (_, channel) => {
    const [shift, by] = [at(mean, channel, 0), at(deviation, channel, 1)];
    return { min: (min - shift) / by, max: (max - shift) / by };
  });
  return {
    min: Math.min(...channels.map((channel) => channel.min)),
    max: Math.max(...channels.map((channel) => channel.max)),
    ...(count > 1 && { channels }),
    ...(order !== undefined && { order }),
  };
}

/** One number for all channels, or one for each of three. */
function isAllOrEach(values: readonly number[]): boolean {
  return values.length === 1 || values.length === 3;
}

function unknownWord(word: string): UserError {
  return new UserError(`Expected words of a preprocessing but received ${JSON.stringify(word)}`, {
    remedy: `Pass some of these, separated by spaces: ${PREPROCESSING_WORDS}.`,
  });
}
