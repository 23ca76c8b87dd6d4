import type { Tf8Model } from '../model/tf8_model.ts';
import type { CArithmetic } from './c/kernels.ts';
import type { FormatName } from './format_names.ts';

/** What an export is made from. */
export interface ExportSource {
  readonly model: Tf8Model;
  /** The TF8 file of `model`, whole (`encodeTf8`). */
  readonly tf8: Uint8Array;
  /** The name that the user gave, without folders: files of an export name each other. */
  readonly fileName: string;
  /** Of an export to C. */
  readonly c?: COptions;
  /** What was quantized, by node; absent where the float model is not there. */
  readonly floatWeights?: ReadonlyMap<string, FloatWeights>;
}

/** How a library of C is written. */
export interface COptions {
  /** In front of every name of it; made of the file's name unless given. */
  readonly prefix?: string;
  /** How it requantizes, 'float' unless given. */
  readonly arithmetic?: CArithmetic;
}

/** A node's weights and bias before they were quantized, batch norm folded in. */
export interface FloatWeights {
  /** In the shape of the TF8 node's weights. */
  readonly kernel: Float32Array;
  /** [M] */
  readonly bias: Float32Array;
}

/** One of an export's files. */
export interface ExportedFile {
  /** Without folders. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Other people's form of a TF8 model. */
export interface ExportFormat {
  /** As `tf8 export --format` takes it. */
  readonly name: FormatName;
  /**
   * The names of every file that an export may have, the main one first.
   * @param name that the user gave
   */
  readonly fileNames: (name: string) => readonly string[];
  /**
   * The export, the main file first.
   * @throws QuantizationError naming the node that the format cannot express
   */
  readonly encode: (source: ExportSource) => readonly ExportedFile[];
  /** Whether it says more where the float weights are there. */
  readonly usesFloatWeights?: true;
  /** Reads the TF8 model back out of an export, for formats from which it can be read. */
  readonly reader?: ExportReader;
}

export interface ExportReader {
  /** Whether bytes are of this format, by their start. */
  readonly recognizes: (file: Uint8Array) => boolean;
  /**
   * The TF8 model that the file was exported from.
   * @param fileName only for the messages
   * @throws QuantizationError where tf8 did not export the file, or it was changed since
   */
  readonly read: (file: Uint8Array, fileName: string) => Promise<Tf8Model>;
}
