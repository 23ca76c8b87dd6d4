/** What esbuild's loader "binary" makes of a .wasm file: its bytes. */
declare module '*.wasm' {
  const bytes: Uint8Array<ArrayBuffer>;
  export default bytes;
}
