import type { Tf8Model } from '../model/tf8_model.ts';

/** One line on what an export is, for formats that have a place for it. */
export function modelDescription({ name, provenance }: Tf8Model): string {
  const { floatModel, calibrationImages, calibrationData } = provenance;
  return `${name} in uint8, quantized by tf8 from ${floatModel}, calibrated on ${calibrationImages} images (${calibrationData})`;
}
