import { colour, HEAT } from '../../charts/style.ts';
import type { KeyEntry } from '../figure.ts';

/** Upper bounds of the shades, in dB. */
const STEPS = [10, 20, 30, 40];

/** Decibels as shades: the stronger, the more noise. */
export const HEAT_SCALE = {
  type: 'threshold' as const,
  domain: STEPS,
  range: HEAT.map((name) => colour(name)),
};

/** What the shades stand for. */
export function heatKey(shape: KeyEntry['shape']): readonly KeyEntry[] {
  return HEAT.map((name, at) => ({ label: shadeInWords(at), colour: name, shape }));
}

function shadeInWords(at: number): string {
  if (at === 0) return `below ${STEPS[0]} dB`;
  if (at === STEPS.length) return `${STEPS.at(-1)} dB and more`;
  return `${STEPS[at - 1]} to ${STEPS[at]} dB`;
}
