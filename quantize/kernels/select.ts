import { QuantizationError } from '../params/errors.ts';
import type { Kernels, TierName } from './kernels.ts';
import { fastestNativeKernels, BUILD_REMEDY as NATIVE_REMEDY } from './native/load_native.ts';
import { REFERENCE_KERNELS } from './reference/reference_kernels.ts';
import { selfTest } from './self_test.ts';
import { BUILD_REMEDY, readWasmFile } from './wasm/load_wasm.ts';
import { createWasmKernels } from './wasm/wasm_kernels.ts';

/** A way to a tier's kernels; `create` throws where the tier is not available. */
export interface TierRoute {
  readonly tier: TierName;
  /** What makes the tier available; none for one that always is. */
  readonly remedy?: string;
  create(): Kernels;
}

/** The fastest first. Each creation makes kernels of its own: a thread shares none. */
const ROUTES: readonly TierRoute[] = [
  { tier: 'native', remedy: NATIVE_REMEDY, create: () => fastestNativeKernels() },
  { tier: 'wasm', remedy: BUILD_REMEDY, create: () => createWasmKernels(readWasmFile()) },
  { tier: 'reference', create: () => REFERENCE_KERNELS },
];

export interface SelectedKernels {
  readonly kernels: Kernels;
  readonly tier: TierName;
  /** Why faster tiers were passed over; empty when none was. */
  readonly notes: readonly string[];
}

export interface TierAvailability {
  readonly tier: TierName;
  readonly available: boolean;
  /** The instruction set, of a tier that has several. */
  readonly instructionSet?: string;
  /** Why not, and what to do; only of a tier that is not available. */
  readonly reason?: string;
}

/**
 * The kernels of `tier`, or with 'auto' of the fastest tier that loads and passes its self-test.
 * A tier asked for by name that is not available is a QuantizationError with the remedy. Reads the
 * compiled module by node:fs; in a browser call `createWasmKernels` with the fetched module.
 */
export function selectKernels(
  tier: TierName | 'auto',
  routes: readonly TierRoute[] = ROUTES,
): SelectedKernels {
  const notes: string[] = [];
  for (const route of tier === 'auto' ? routes : routes.filter((route) => route.tier === tier)) {
    const attempt = tryRoute(route);
    if ('kernels' in attempt) return { kernels: attempt.kernels, tier: route.tier, notes };
    notes.push(`kernel tier ${route.tier} is not available: ${attempt.reason}`);
  }
  if (notes.length > 0) throw new QuantizationError(notes.join('\n'), remedyOf(routes, tier));
  const names = routes.map((route) => `"${route.tier}"`).join(', ');
  throw new QuantizationError(`Expected ${names} or "auto" for tier but received "${tier}"`);
}

/** Each tier, the fastest first, and whether it loads and passes its self-test here. */
export function availableTiers(routes: readonly TierRoute[] = ROUTES): readonly TierAvailability[] {
  return routes.map((route) => {
    const attempt = tryRoute(route);
    if ('kernels' in attempt) {
      const { instructionSet } = attempt.kernels;
      const found = instructionSet === undefined ? {} : { instructionSet };
      return { tier: route.tier, available: true, ...found };
    }
    const remedy = route.remedy ? ` (${route.remedy})` : '';
    return { tier: route.tier, available: false, reason: attempt.reason + remedy };
  });
}

function tryRoute(route: TierRoute): { kernels: Kernels } | { reason: string } {
  try {
    const kernels = route.create();
    selfTest(kernels);
    return { kernels };
  } catch (error) {
    return { reason: error instanceof Error ? error.message : String(error) };
  }
}

function remedyOf(routes: readonly TierRoute[], tier: TierName | 'auto'): { remedy?: string } {
  const remedy = routes.find((route) => route.tier === tier)?.remedy;
  return remedy === undefined ? {} : { remedy };
}
