/**
 * Signal to quantization noise ratio of sums of squares, 10 · log10(Σ x² / Σ (x − x̂)²) (Loss in
 * quantize/params/README.md): Infinity without noise, −Infinity with noise and no signal.
 */
export function decibels(signalEnergy: number, noiseEnergy: number): number {
  if (noiseEnergy === 0) return Infinity;
  if (signalEnergy === 0) return -Infinity;
  return 10 * Math.log10(signalEnergy / noiseEnergy);
}

/** Σ noise² / Σ signal² of a ratio in decibels, ≥ 0; 0 of a lossless tensor. */
export function noiseToSignal(db: number): number {
  return 10 ** (-db / 10);
}

/** The value below which `share` of the ascending values lie, by linear interpolation. */
export function quantile(ascending: ArrayLike<number>, share: number): number {
  const position = share * (ascending.length - 1);
  const below = Math.floor(position);
  const [low, high] = [ascending[below], ascending[Math.ceil(position)]];
  return low === high ? low : low + (position - below) * (high - low);
}
