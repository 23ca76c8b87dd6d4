import { BYTE_MAX } from '../../params/quantization.ts';
import { NO_PADDING } from '../../params/window.ts';
import {
  checkConcat,
  checkConv2d,
  checkDepthwiseConv2d,
  checkFullyConnected,
  checkGlobalAveragePool,
  checkPool2d,
} from '../check_call.ts';
import type {
  ConcatCall,
  Conv2dCall,
  DepthwiseConv2dCall,
  FullyConnectedCall,
  GlobalAveragePoolCall,
  Kernels,
  Pool2dCall,
  Requantization,
} from '../kernels.ts';
import { Arena } from './arena.ts';
import { FilterCache, LANES, type PackedFilter } from './filter_cache.ts';
import {
  type StagedImage,
  stageImage,
  writeGeometry,
  writeInt32s,
  writeRequantization,
} from './records.ts';
import type { WasmExports } from './wasm_exports.ts';
import { compile, instantiate, type WasmModule } from './webassembly.ts';

export interface WasmKernelsOptions {
  /** Bound of the instance's memory; 2 GiB unless given. */
  readonly maximumBytes?: number;
  /** Bound of the packed filters, two bytes a weight; 256 MiB unless given. */
  readonly filterCacheBytes?: number;
}

/** Rows of the im2col matrix are made in blocks of about this size: they stay in the L2 cache. */
const ROW_BLOCK_BYTES = 128 * 1024;

/** Rows of a tile of the matrix product. */
const TILE_ROWS = 4;

/**
 * The WASM SIMD tier, with an instance and a memory of its own: one for each thread. Compiles
 * synchronously when given bytes; throws the engine's errors where WebAssembly SIMD is missing.
 * Filters are packed once and known by identity (see `FilterCache`).
 */
export function createWasmKernels(
  module: WasmModule | Uint8Array | ArrayBuffer,
  options: WasmKernelsOptions = {},
): Kernels {
  return new WasmKernels(instantiate(compile(module)) as WasmExports, options);
}

class WasmKernels implements Kernels {
  readonly tier = 'wasm';
  readonly #wasm: WasmExports;
  readonly #arena: Arena;
  readonly #filters: FilterCache;

  constructor(wasm: WasmExports, options: WasmKernelsOptions) {
    this.#wasm = wasm;
    this.#arena = new Arena(wasm.memory, wasm.heapBase(), options.maximumBytes ?? 2 ** 31);
    this.#filters = new FilterCache(this.#arena, options.filterCacheBytes ?? 2 ** 28);
  }

  conv2d(call: Conv2dCall): void {
    checkConv2d(call);
    const [kernelHeight, kernelWidth, inputChannels, outputChannels] = call.filterShape;
    const depth = kernelHeight * kernelWidth * inputChannels;
    this.#arena.beginCall();
    const filter = this.#filters.packed(call.filter, call.filterZeroPoint, depth, outputChannels);
    const image = this.#stage(call);
    this.#multiply(call, image, [kernelHeight, kernelWidth], filter);
  }

  fullyConnected(call: FullyConnectedCall): void {
    checkFullyConnected(call);
    const { batch, inputDepth, outputDepth } = call;
    this.#arena.beginCall();
    const filter = this.#filters.packed(call.filter, call.filterZeroPoint, inputDepth, outputDepth);
    const shape = [batch, 1, 1, inputDepth] as const;
    const image = stageImage(this.#arena, call.input, shape, NO_PADDING, 0);
    const outputShape = [batch, 1, 1, outputDepth] as const;
    this.#multiply({ ...call, strides: [1, 1], outputShape }, image, [1, 1], filter);
  }

  depthwiseConv2d(call: DepthwiseConv2dCall): void {
    checkDepthwiseConv2d(call);
    const [kernelHeight, kernelWidth, , depthMultiplier] = call.filterShape;
    const channels = call.outputShape[3];
    const depth = kernelHeight * kernelWidth;
    const arena = this.#arena;
    arena.beginCall();
    const filter = this.#filters.packed(call.filter, call.filterZeroPoint, depth, channels);
    const image = this.#repeatChannels(this.#stage(call), depthMultiplier);
    const taps = new Int32Array(filter.pairs * 2);
    for (let tap = 0; tap < depth; tap++) {
      const ky = Math.floor(tap / kernelWidth);
      taps[tap] = (ky * image.shape[2] + (tap % kernelWidth)) * channels;
    }
    const windowShape = [kernelHeight, kernelWidth] as const;
    const output = arena.allocate(call.output.length);
    this.#wasm.depthwise(
      writeGeometry(arena, image, windowShape, call.strides, call.outputShape),
      image.address,
      filter.address,
      this.#foldInputZeroPoint(call, filter),
      writeInt32s(arena, taps),
      filter.pairs,
      output,
      writeRequantization(arena, call),
    );
    this.#read(output, call.output);
  }

  maxPool2d(call: Pool2dCall): void {
    checkPool2d(call);
    const arena = this.#arena;
    arena.beginCall();
    const image = stageImage(arena, call.input, call.inputShape, call.padding, 0);
    const { windowShape, strides, outputShape } = call;
    const geometry = writeGeometry(arena, image, windowShape, strides, outputShape);
    const output = arena.allocate(call.output.length);
    this.#wasm.maxPool(geometry, image.address, call.low, call.high, output);
    this.#read(output, call.output);
  }

  averagePool2d(call: Pool2dCall): void {
    checkPool2d(call);
    this.#averagePool(call);
  }

  globalAveragePool(call: GlobalAveragePoolCall): void {
    checkGlobalAveragePool(call);
    const [batch, height, width, channels] = call.inputShape;
    this.#averagePool({
      ...call,
      windowShape: [height, width],
      strides: [1, 1],
      padding: NO_PADDING,
      low: 0,
      high: BYTE_MAX,
      outputShape: [batch, 1, 1, channels],
    });
  }

  concat(call: ConcatCall): void {
    checkConcat(call);
    const arena = this.#arena;
    arena.beginCall();
    const channels = call.output.length / call.positions;
    const output = arena.allocate(call.output.length);
    let to = output;
    for (const { data, channels: run, zeroPoint, multiplier } of call.inputs) {
      const input = arena.allocate(data.length);
      arena.bytes.set(data, input);
      const { outputZeroPoint } = call;
      // q − z + z = q: the same parameters keep every byte.
      if (multiplier !== 1 || zeroPoint !== outputZeroPoint) {
        const constants = { multiplier, outputZeroPoint, low: 0, high: BYTE_MAX };
        const requantization = writeRequantization(arena, constants);
        this.#wasm.requantizeBytes(input, data.length, zeroPoint, requantization);
      }
      this.#wasm.scatterRuns(input, to, call.positions, run, channels);
      to += run;
    }
    this.#read(output, call.output);
  }

  /** The image of a convolution; padding holds zx, whose product in DESIGN eq. 4 is 0. */
  #stage({ input, inputShape, padding, inputZeroPoint }: Conv2dCall): StagedImage {
    return stageImage(this.#arena, input, inputShape, padding, inputZeroPoint);
  }

  /** Each channel `times` times over, so that output channel m reads channel m. */
  #repeatChannels(image: StagedImage, times: number): StagedImage {
    if (times === 1) return image;
    const [batch, height, width, channels] = image.shape;
    const length = batch * height * width * channels;
    const address = this.#arena.allocate(length * times);
    this.#wasm.repeatBytes(image.address, length, times, address);
    return { address, shape: [batch, height, width, channels * times] };
  }

  /**
   * [⌈columns / 8⌉ · 8] int32: bias − zx · Σ (wq − wz), so that the kernels multiply xq itself:
   * bias + Σ (xq − zx)(wq − wz) = (bias − zx Σ (wq − wz)) + Σ xq (wq − wz) (DESIGN eq. 4). The
   * sums wrap modulo 2³², which leaves the accumulator as it is.
   */
  #foldInputZeroPoint(
    { bias, inputZeroPoint }: Pick<Conv2dCall, 'bias' | 'inputZeroPoint'>,
    { columns, sums }: PackedFilter,
  ): number {
    const folded = new Int32Array(Math.ceil(columns / LANES) * LANES);
    for (let m = 0; m < columns; m++) folded[m] = bias[m] - Math.imul(inputZeroPoint, sums[m]);
    return writeInt32s(this.#arena, folded);
  }

  /** im2col and matrix product, a block of rows at a time. */
  #multiply(
    call: Requantization &
      Pick<Conv2dCall, 'bias' | 'inputZeroPoint' | 'strides' | 'output' | 'outputShape'>,
    image: StagedImage,
    windowShape: readonly [number, number],
    filter: PackedFilter,
  ): void {
    const arena = this.#arena;
    const geometry = writeGeometry(arena, image, windowShape, call.strides, call.outputShape);
    const bias = this.#foldInputZeroPoint(call, filter);
    const requantization = writeRequantization(arena, call);
    const rowBytes = filter.pairs * 4;
    const tiles = Math.max(1, Math.floor(ROW_BLOCK_BYTES / rowBytes / TILE_ROWS));
    const rowCount = call.output.length / filter.columns;
    const blockRows = Math.min(rowCount, tiles * TILE_ROWS);
    const rows = arena.allocate(blockRows * rowBytes);
    const output = arena.allocate(call.output.length);
    for (let first = 0; first < rowCount; first += blockRows) {
      const count = Math.min(blockRows, rowCount - first);
      this.#wasm.gatherRows(geometry, image.address, first, count, rows, rowBytes);
      this.#wasm.gemm(
        rows,
        count,
        filter.pairs,
        filter.address,
        bias,
        filter.columns,
        output + first * filter.columns,
        requantization,
      );
    }
    this.#read(output, call.output);
  }

  #averagePool(call: Pool2dCall): void {
    const { inputShape, outputShape, windowShape, strides, padding } = call;
    const arena = this.#arena;
    arena.beginCall();
    const image = stageImage(arena, call.input, inputShape, padding, 0);
    const geometry = writeGeometry(arena, image, windowShape, strides, outputShape);
    const rows = insideCounts(
      inputShape[1],
      windowShape[0],
      strides[0],
      padding.top,
      outputShape[1],
    );
    const columns = insideCounts(
      inputShape[2],
      windowShape[1],
      strides[1],
      padding.left,
      outputShape[2],
    );
    const counts = rows.flatMap((row) => columns.map((column) => row * column));
    const output = arena.allocate(call.output.length);
    this.#wasm.averagePool(
      geometry,
      image.address,
      writeInt32s(arena, counts),
      call.low,
      call.high,
      output,
    );
    this.#read(output, call.output);
  }

  #read(address: number, output: Uint8Array): void {
    output.set(this.#arena.bytes.subarray(address, address + output.length));
  }
}

/** For each window of one axis: how many of its positions lie in an image of `size`. */
function insideCounts(
  size: number,
  window: number,
  stride: number,
  padding: number,
  outputs: number,
): number[] {
  return Array.from({ length: outputs }, (_, i) => {
    const start = i * stride - padding;
    return Math.min(start + window, size) - Math.max(start, 0);
  });
}
