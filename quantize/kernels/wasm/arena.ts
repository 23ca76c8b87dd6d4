import { alignUp } from '../../params/align_up.ts';
import { QuantizationError } from '../../params/errors.ts';
import { PAGE_BYTES, type WasmMemory } from './webassembly.ts';

/** Every address is a multiple of this. */
const ALIGNMENT = 16;

/** Kernels load whole vectors: they may read this many bytes past a tensor's end. */
const SLACK_BYTES = 16;

/**
 * Hands out a linear memory in two parts: below, what is kept between calls (packed filters); above,
 * the scratch of the running call. Memory grows when a call needs more and is used again by the next;
 * it never exceeds `maximumBytes`.
 */
export class Arena {
  private readonly memory: WasmMemory;
  private readonly base: number;
  private readonly maximumBytes: number;
  private keptEnd: number;
  private scratchEnd: number;
  private buffer: ArrayBuffer | SharedArrayBuffer;
  private byteView: Uint8Array;
  private int16View: Int16Array;
  private int32View: Int32Array;
  private singleView: Float32Array;

  /** `base`: the first free byte of `memory`. */
  constructor(memory: WasmMemory, base: number, maximumBytes: number) {
    this.memory = memory;
    this.base = alignUp(base, ALIGNMENT);
    this.maximumBytes = maximumBytes;
    this.keptEnd = this.base;
    this.scratchEnd = this.base;
    this.buffer = memory.buffer;
    this.byteView = new Uint8Array(this.buffer);
    this.int16View = new Int16Array(this.buffer);
    this.int32View = new Int32Array(this.buffer);
    this.singleView = new Float32Array(this.buffer);
  }

  /** Views of the whole memory; valid until the next `keep` or `allocate`. */
  get bytes(): Uint8Array {
    return this.byteView;
  }

  get int16s(): Int16Array {
    return this.int16View;
  }

  get int32s(): Int32Array {
    return this.int32View;
  }

  get singles(): Float32Array {
    return this.singleView;
  }

  /** Bytes kept between calls. */
  get keptBytes(): number {
    return this.keptEnd - this.base;
  }

  /** Forgets the scratch of the last call. */
  beginCall(): void {
    this.scratchEnd = this.keptEnd;
  }

  /** Address of `length` bytes kept until `forgetKept`; only before the call's first `allocate`. */
  keep(length: number): number {
    const address = this.keptEnd;
    this.keptEnd = this.endOf(address, length);
    this.scratchEnd = this.keptEnd;
    return address;
  }

  forgetKept(): void {
    this.keptEnd = this.base;
    this.scratchEnd = this.base;
  }

  /** Address of `length` bytes of scratch, contents undefined. */
  allocate(length: number): number {
    const address = this.scratchEnd;
    this.scratchEnd = this.endOf(address, length);
    return address;
  }

  private endOf(address: number, length: number): number {
    const end = alignUp(address + length + SLACK_BYTES, ALIGNMENT);
    const missing = end - this.buffer.byteLength;
    if (missing > 0) this.grow(end, Math.ceil(missing / PAGE_BYTES));
    return end;
  }

  private grow(end: number, pages: number): void {
    const tooLarge = (cause: string) =>
      new QuantizationError(
        `Expected at most ${this.maximumBytes} bytes of WASM memory for a kernel call or a program ` +
          `but it needs ${end} (${cause})`,
        { remedy: 'Run a smaller batch or network, on fewer threads, or raise maximumBytes.' },
      );
    if (end > this.maximumBytes) throw tooLarge('over the limit of this instance');
    try {
      this.memory.grow(pages);
    } catch (error) {
      throw tooLarge(String(error));
    }
    this.buffer = this.memory.buffer;
    this.byteView = new Uint8Array(this.buffer);
    this.int16View = new Int16Array(this.buffer);
    this.int32View = new Int32Array(this.buffer);
    this.singleView = new Float32Array(this.buffer);
  }
}
