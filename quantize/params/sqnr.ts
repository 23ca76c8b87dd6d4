import { expected } from './errors.ts';

/**
 * Signal to quantization noise ratio in decibels, 10 · log10(Σ x² / Σ (x − x̂)²) of
 * signal x [n] and approximation x̂ [n] (Loss in README.md). Infinity when x̂ equals x, also where
 * both are all zeros; −Infinity when x is all zeros and x̂ is not.
 *
 * @throws QuantizationError when the lengths differ, when n = 0, and when an element is not finite
 */
export function sqnrDb(signal: Float32Array, approximation: Float32Array): number {
  const n = signal.length;
  if (n === 0) throw expected('at least one element', 'signal', n);
  if (approximation.length !== n) {
    throw expected(`length ${n}, that of the signal,`, 'approximation', approximation.length);
  }
  // Squares of singles are < 2²⁵⁶ and their differences' < 2²⁵⁸: the sums stay finite in double.
  let signalEnergy = 0;
  let noiseEnergy = 0;
  for (let i = 0; i < n; i++) {
    const noise = signal[i] - approximation[i];
    signalEnergy += signal[i] * signal[i];
    noiseEnergy += noise * noise;
  }
  if (!Number.isFinite(signalEnergy)) throw notFinite('signal', signal);
  if (!Number.isFinite(noiseEnergy)) throw notFinite('approximation', approximation);
  if (noiseEnergy === 0) return Infinity;
  return 10 * Math.log10(signalEnergy / noiseEnergy);
}

function notFinite(name: string, values: Float32Array) {
  const index = values.findIndex((value) => !Number.isFinite(value));
  return expected('finite numbers', `element ${index} of ${name}`, values[index]);
}
