import type { TierName } from '../kernels/kernels.ts';
import type { TierRoute } from '../kernels/route.ts';
import { selectKernels } from '../kernels/select.ts';
import type { Tf8Model } from '../model/tf8_model.ts';
import { type PlanOptions, Tf8Plan } from './plan.ts';

export interface TierOptions extends PlanOptions {
  /** 'auto', the fastest that passes its self-test here, unless given. */
  readonly tier?: TierName | 'auto';
}

/**
 * A plan on the kernels of a tier; its `notes` say why faster ones were passed over. In Node.
 * @param routes the tiers to choose from; those of this processor unless given
 * @throws QuantizationError when the tier is not available; what the plan throws
 */
export function planOn(
  model: Tf8Model,
  { tier = 'auto', ...options }: TierOptions = {},
  routes?: readonly TierRoute[],
): Tf8Plan {
  return new Tf8Plan(model, {
    ...selectKernels(tier, { routes, threads: options.threads }),
    ...options,
  });
}
