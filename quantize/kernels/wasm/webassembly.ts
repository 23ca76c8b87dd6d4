/**
 * What this tier uses of the WebAssembly JavaScript API. TypeScript keeps its own declarations in
 * the DOM library, which this project does not compile against.
 */

/** A compiled module (`WebAssembly.Module`); may be sent to other threads. */
export interface WasmModule {
  readonly [Symbol.toStringTag]: string;
}

/** `WebAssembly.Memory` */
export interface WasmMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

interface WebAssemblyApi {
  readonly Module: new (bytes: Uint8Array | ArrayBuffer) => WasmModule;
  readonly Instance: new (module: WasmModule) => { readonly exports: unknown };
}

const api = (globalThis as { WebAssembly?: WebAssemblyApi }).WebAssembly;

/** Compiles, unless it is a module already; throws the engine's CompileError for damaged bytes. */
export function compile(module: WasmModule | Uint8Array | ArrayBuffer): WasmModule {
  if (!(module instanceof Uint8Array || module instanceof ArrayBuffer)) return module;
  return new api!.Module(module);
}

/** The exports of a new instance of a module that imports nothing. */
export function instantiate(module: WasmModule): unknown {
  return new api!.Instance(module).exports;
}
