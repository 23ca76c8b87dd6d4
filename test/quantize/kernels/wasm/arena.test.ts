import assert from 'node:assert/strict';
import { Arena } from '../../../../quantize/kernels/wasm/arena.ts';
import type { WasmMemory } from '../../../../quantize/kernels/wasm/webassembly.ts';
import { QuantizationError } from '../../../../quantize/params/errors.ts';

const PAGE = 65536;

/** A memory of one page that grows to at most `maximumPages`, as WebAssembly's does. */
function memory(maximumPages = 1000): WasmMemory {
  let buffer = new ArrayBuffer(PAGE);
  return {
    get buffer() {
      return buffer;
    },
    grow(pages: number) {
      const before = buffer.byteLength / PAGE;
      if (before + pages > maximumPages) throw new RangeError('failed to grow memory');
      const larger = new ArrayBuffer((before + pages) * PAGE);
      new Uint8Array(larger).set(new Uint8Array(buffer));
      buffer = larger;
      return before;
    },
  };
}

describe('Arena', () => {
  it('aligns addresses to 16 bytes and leaves 16 bytes after each allocation', () => {
    const arena = new Arena(memory(), 5, PAGE);
    assert.equal(arena.allocate(1), 16);
    assert.equal(arena.allocate(16), 48);
    assert.equal(arena.allocate(0), 80);
  });

  it('uses the scratch of a call again in the next', () => {
    const arena = new Arena(memory(), 0, PAGE);
    const first = arena.allocate(1000);
    arena.beginCall();
    assert.equal(arena.allocate(2000), first);
  });

  it('keeps what is kept below the scratch until it is forgotten', () => {
    const arena = new Arena(memory(), 0, PAGE);
    const kept = arena.keep(100);
    arena.bytes[kept] = 42;
    const scratch = arena.allocate(100);
    arena.beginCall();
    assert.equal(arena.allocate(100), scratch);
    assert.ok(scratch > kept);
    assert.equal(arena.bytes[kept], 42);
    assert.equal(arena.keptBytes, scratch - kept);
    arena.forgetKept();
    assert.equal(arena.keptBytes, 0);
    assert.equal(arena.allocate(1), kept);
  });

  it('grows when needed, once, and its views follow', () => {
    const arena = new Arena(memory(), 0, 10 * PAGE);
    arena.bytes[3] = 7;
    arena.allocate(3 * PAGE);
    assert.equal(arena.bytes.length, 4 * PAGE);
    assert.equal(arena.bytes[3], 7);
    for (const view of [arena.int16s, arena.int32s, arena.singles]) {
      assert.equal(view.buffer, arena.bytes.buffer);
    }
    arena.beginCall();
    arena.allocate(3 * PAGE);
    assert.equal(arena.bytes.length, 4 * PAGE);
  });

  it('refuses a call that needs more than its limit, with a remedy', () => {
    const arena = new Arena(memory(), 0, 2 * PAGE);
    assert.throws(
      () => arena.allocate(2 * PAGE),
      (error) =>
        error instanceof QuantizationError &&
        /at most 131072 bytes of WASM memory .* needs 131088/.test(error.message) &&
        error.remedy === 'Run a smaller batch or network, on fewer threads, or raise maximumBytes.',
    );
    assert.equal(arena.allocate(10), 0);
  });

  it('refuses a call for which the engine has no memory, saying what the engine said', () => {
    const arena = new Arena(memory(2), 0, 100 * PAGE);
    assert.throws(() => arena.allocate(3 * PAGE), /RangeError: failed to grow memory/);
  });
});
