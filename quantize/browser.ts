/**
 * The package's entry in a browser: nothing of Node, no TensorFlow.
 * @module tf8/browser
 */
import { type PlanOptions, Tf8Plan } from './execute/plan.ts';
import type { TierName } from './kernels/kernels.ts';
import { REFERENCE_KERNELS } from './kernels/reference.ts';
import { chooseKernels, type TierRoute } from './kernels/route.ts';
import type { WasmThreads } from './kernels/wasm/team.ts';
import { createWasmKernels } from './kernels/wasm/wasm_kernels.ts';
import type { WasmModule } from './kernels/wasm/webassembly.ts';
import { decodeTf8 } from './model/tf8_file.ts';
import { messageOf, QuantizationError } from './params/errors.ts';

export * from './common.ts';
export { REFERENCE_KERNELS } from './kernels/reference.ts';
export type { TeamWorker, ThreadTask, WasmThreads } from './kernels/wasm/team.ts';
export { createWasmKernels, type WasmKernelsOptions } from './kernels/wasm/wasm_kernels.ts';
export { startWebThreads } from './kernels/wasm/web_threads.ts';
export type { WasmMemory, WasmModule, WasmSource } from './kernels/wasm/webassembly.ts';

export interface BrowserOptions extends PlanOptions {
  /** 'auto', WebAssembly where it passes its self-test here, unless given; 'native' is for Node. */
  readonly tier?: Exclude<TierName, 'native'> | 'auto';
  /**
   * The package's `kernels.wasm`: its address or its bytes. Without it, or where it does not work,
   * the plain kernels run, some hundred times slower; the plan's `notes` say so.
   */
  readonly wasm?: string | URL | Uint8Array | ArrayBuffer;
  /**
   * What `startWebThreads` gave, for `threads` above 1: started once for all plans of a page. Without
   * it, or where the page is not isolated, a plan runs on the caller's thread.
   */
  readonly threading?: WasmThreads | undefined;
}

/**
 * Fetches a TF8 file and prepares it to run.
 *
 * ```ts
 * const plan = await loadTf8('mobilenet.tf8', { wasm: 'kernels.wasm' }); // tf8/kernels.wasm
 * ```
 * @param source address of the file, or its bytes
 * @throws QuantizationError when the file cannot be fetched or is not sound, or the tier is not available
 */
export async function loadTf8(
  source: string | URL | Uint8Array | ArrayBuffer,
  { tier = 'auto', wasm, threading, ...options }: BrowserOptions = {},
): Promise<Tf8Plan> {
  const name = typeof source === 'string' || source instanceof URL ? String(source) : 'the model';
  const model = await decodeTf8(await bytesOf(source), name);
  return new Tf8Plan(model, {
    ...chooseKernels(
      tier,
      tier === 'reference' ? [REFERENCE] : await routes(wasm, threading),
      options.threads,
    ),
    ...options,
  });
}

const REFERENCE: TierRoute = { tier: 'reference', create: () => REFERENCE_KERNELS };

async function routes(
  wasm: BrowserOptions['wasm'],
  threading: WasmThreads | undefined,
): Promise<readonly TierRoute[]> {
  try {
    if (wasm === undefined) throw new QuantizationError('no kernels.wasm was given');
    const module = await compileAside(await bytesOf(wasm));
    const create = () => createWasmKernels(module, threading && { threading });
    return [{ tier: 'wasm', create }, REFERENCE];
  } catch (error) {
    const create = () => {
      throw error;
    };
    return [{ tier: 'wasm', create }, REFERENCE];
  }
}

/** What was given, or what lies at the address. */
async function bytesOf(source: string | URL | Uint8Array | ArrayBuffer): Promise<Uint8Array> {
  if (source instanceof Uint8Array) return source;
  if (source instanceof ArrayBuffer) return new Uint8Array(source);
  try {
    const response = await fetch(source);
    if (!response.ok) throw new Error(`status ${response.status}`);
    return new Uint8Array(await response.arrayBuffer());
  } catch (error) {
    throw new QuantizationError(
      `Expected a file at ${source} but it could not be fetched: ${messageOf(error)}`,
    );
  }
}

/** Browsers compile large modules only aside from the main thread. */
function compileAside(bytes: Uint8Array): Promise<WasmModule> {
  const { WebAssembly: api } = globalThis as unknown as {
    WebAssembly: { compile(bytes: Uint8Array): Promise<WasmModule> };
  };
  return api.compile(bytes);
}
