import type { Reporter } from '../../foundation/reporting/reporter.ts';
import type { Tf8Plan } from '../../quantize/execute/plan.ts';
import { planOn, type TierOptions } from '../../quantize/execute/plan_on.ts';
import type { TierRoute } from '../../quantize/kernels/route.ts';
import type { Tf8Model } from '../../quantize/model/tf8_model.ts';
import type { KernelsUsed } from './kernels_used.ts';

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
