/**
 * What this tier uses of the WebAssembly JavaScript API. TypeScript keeps its own declarations in
 * the DOM library, which this project does not compile against.
 */

/** A compiled module (`WebAssembly.Module`); may be sent to other threads. */
export interface WasmModule {
  readonly [Symbol.toStringTag]: string;
}

/** What `compile` takes: a module, or its bytes. */
export type WasmSource = WasmModule | Uint8Array | ArrayBuffer;

/** `WebAssembly.Memory` */
export interface WasmMemory {
  readonly buffer: ArrayBuffer | SharedArrayBuffer;
  /** Adds pages; gives how many there were. */
  grow(pages: number): number;
}

interface WebAssemblyApi {
  readonly Module: new (bytes: Uint8Array | ArrayBuffer) => WasmModule;
  readonly Instance: new (module: WasmModule, imports?: object) => { readonly exports: unknown };
  readonly Memory: new (options: {
    readonly initial: number;
    readonly maximum: number;
    readonly shared: boolean;
  }) => WasmMemory;
}

const api = (globalThis as unknown as { WebAssembly?: WebAssemblyApi }).WebAssembly;

export const PAGE_BYTES = 65536;

/** Compiles, unless it is a module already; throws the engine's CompileError for damaged bytes. */
export function compile(module: WasmSource): WasmModule {
  if (!(module instanceof Uint8Array || module instanceof ArrayBuffer)) return module;
  return new api!.Module(module);
}

/** The exports of a new instance of a module that imports nothing, or `imports`. */
export function instantiate(module: WasmModule, imports: object = {}): unknown {
  return new api!.Instance(module, imports).exports;
}

/** One page that threads may share and that grows to `maximumBytes`; throws where there is none. */
export function sharedMemory(maximumBytes: number): WasmMemory {
  const maximum = Math.floor(maximumBytes / PAGE_BYTES);
  return new api!.Memory({ initial: 1, maximum, shared: true });
}
