import type { TierName } from './kernels.ts';
import { INSTRUCTION_SETS, type InstructionSet } from './native/addon.ts';
import { loadNativeAddon, BUILD_REMEDY as NATIVE_REMEDY } from './native/load_native.ts';
import { createNativeKernels } from './native/native_kernels.ts';
import { REFERENCE_KERNELS } from './reference.ts';
import {
  chooseKernels,
  examineRoutes,
  type SelectedKernels,
  type TierReport,
  type TierRoute,
} from './route.ts';
import { loadWasmKernels, BUILD_REMEDY as WASM_REMEDY } from './wasm/load_wasm.ts';

const native = (instructionSet: InstructionSet): TierRoute => ({
  tier: 'native',
  instructionSet,
  remedy: NATIVE_REMEDY,
  create() {
    const addon = loadNativeAddon();
    if (!addon.supportedIsas().includes(instructionSet)) return undefined;
    return createNativeKernels(addon, instructionSet);
  },
});

/** The fastest first: WebAssembly's vectors outrun compiled code without any. */
const ROUTES: readonly TierRoute[] = [
  ...INSTRUCTION_SETS.filter((set) => set !== 'scalar')
    .reverse()
    .map(native),
  { tier: 'wasm', remedy: WASM_REMEDY, create: () => loadWasmKernels() },
  native('scalar'),
  { tier: 'reference', create: () => REFERENCE_KERNELS },
];

export interface SelectOptions {
  /** Those of this processor unless given. */
  readonly routes?: readonly TierRoute[] | undefined;
  /** That programs will run on, 1 unless given: several are tested where they are wanted. */
  readonly threads?: number | undefined;
}

/**
 * The kernels of `tier`, with 'auto' of any, by the fastest way that passes its self-test. Reads the
 * compiled modules by node:fs; a browser has `loadTf8` of `browser.ts`.
 * @throws QuantizationError, with the remedy, when the tier is not available
 */
export function selectKernels(
  tier: TierName | 'auto',
  { routes = ROUTES, threads = 1 }: SelectOptions = {},
): SelectedKernels {
  return chooseKernels(tier, routes, threads);
}

/** Every tier and instruction set, the fastest first, self-tested here. */
export function examineTiers(): readonly TierReport[] {
  return examineRoutes(ROUTES);
}
