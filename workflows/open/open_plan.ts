import type { Reporter } from '../../foundation/reporting/reporter.ts';
import type { Tf8Plan } from '../../quantize/execute/plan.ts';
import { planOn, type TierOptions } from '../../quantize/execute/plan_on.ts';
import type { TierName } from '../../quantize/kernels/kernels.ts';
import type { TierRoute } from '../../quantize/kernels/route.ts';
import type { Tf8Model } from '../../quantize/model/tf8_model.ts';

/** What a command's result says of the kernels that it used. */
export interface KernelsUsed {
  readonly tier: TierName;
  /** Of a tier that has several. */
  readonly instructionSet?: string;
  /** Why faster kernels were passed over. */
  readonly tierNotes: readonly string[];
}

/**
 * A plan on the tier that a command was asked for; warns where faster kernels were passed over.
 * @param routes the tiers to choose from; those of this processor unless given
 * @throws QuantizationError when the tier is not available; what the plan throws
 */
export function openPlan(
  model: Tf8Model,
  options: TierOptions,
  reporter: Reporter,
  routes?: readonly TierRoute[],
): Tf8Plan {
  const plan = planOn(model, options, routes);
  for (const note of plan.notes) reporter.warn(note);
  return plan;
}

export function kernelsUsed({ kernels, notes }: Tf8Plan): KernelsUsed {
  const { tier, instructionSet } = kernels;
  return { tier, ...(instructionSet !== undefined && { instructionSet }), tierNotes: notes };
}

/** "native avx2" */
export function kernelsName({ tier, instructionSet }: Omit<KernelsUsed, 'tierNotes'>): string {
  return instructionSet === undefined ? tier : `${tier} ${instructionSet}`;
}
