import { z } from 'zod';
import { examineProcessor, type Processor } from '../../foundation/processes/processor.ts';
import { ONE_DNN_VARIABLE, setOneDnn, usersOneDnn } from '../tensorflow_environment.ts';

/** Training steps of a network in images per second, by whether oneDNN computes them. */
export const oneDnnRatesSchema = z.strictObject({
  on: z.number().positive(),
  off: z.number().positive(),
});

export type OneDnnRates = Readonly<z.infer<typeof oneDnnRatesSchema>>;

export const oneDnnChoiceSchema = z.strictObject({
  /** Whether oneDNN computes. */
  on: z.boolean(),
  /**
   * user: the environment says so. vnni: the processor has AVX-512 VNNI, where libtensorflow takes it by
   * itself. noVnni: it has not, and nothing was tried. trial: it was the faster of the two.
   */
  reason: z.enum(['user', 'vnni', 'noVnni', 'trial']),
  /** Of the trial. */
  imagesPerSecond: oneDnnRatesSchema.optional(),
});

/** Whether libtensorflow computes with oneDNN, and why. */
export type OneDnnChoice = Readonly<z.infer<typeof oneDnnChoiceSchema>>;

/** What was applied in this process. */
let applied: OneDnnChoice | undefined;

/** Lets a choice hold in this process, which has not loaded libtensorflow yet. */
export function applyOneDnn(choice: OneDnnChoice): void {
  if (choice.reason !== 'user') setOneDnn(choice.on);
  applied = choice;
}

/** What holds in this process: what was applied, else what needs no trial. */
export async function oneDnnInUse(): Promise<OneDnnChoice> {
  return applied ?? (await withoutTrial(usersOneDnn()));
}

/**
 * The choice where nothing is tried.
 * @param own what the user has set
 */
export async function withoutTrial(
  own: boolean | undefined,
  processor?: Pick<Processor, 'features'>,
): Promise<OneDnnChoice> {
  if (own !== undefined) return { on: own, reason: 'user' };
  const { features = [] } = processor ?? (await examineProcessor());
  return { on: true, reason: features.includes('AVX-512 VNNI') ? 'vnni' : 'noVnni' };
}

/** "on: this processor has no AVX-512 VNNI, without which libtensorflow leaves it off by itself" */
export function oneDnnInWords({ on, reason, imagesPerSecond }: OneDnnChoice): string {
  const why = {
    user: `${ONE_DNN_VARIABLE} says so`,
    vnni: 'this processor has AVX-512 VNNI, where libtensorflow takes it by itself',
    noVnni:
      'this processor has no AVX-512 VNNI, without which libtensorflow leaves it off by itself',
    trial: imagesPerSecond && ratesInWords(imagesPerSecond),
  }[reason];
  return `${on ? 'on' : 'off'}: ${why}`;
}

/** "a trial trained 163 images/s with it and 59.0 without" */
export function ratesInWords({ on, off }: OneDnnRates): string {
  const speed = (rate: number) => rate.toFixed(rate < 100 ? 1 : 0);
  return `a trial trained ${speed(on)} images/s with it and ${speed(off)} without`;
}
