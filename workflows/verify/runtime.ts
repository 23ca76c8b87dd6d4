/** Another program that runs an exported model. */
export interface Runtime {
  /** Name and version: "LiteRT 2.3.0". */
  readonly name: string;
  /**
   * @param image [H, W, C] uint8 at the parameters of the model's input
   * @returns by name the bytes of every layer, [H, W, C], and of the outputs, [C] or [H, W, C], these
   *   from a run that gives nothing else
   */
  run(image: Uint8Array): Promise<ReadonlyMap<string, Uint8Array>>;
  /** Ends what the runtime holds; harmless a second time. */
  close(): Promise<void>;
}

/** What a runtime is to run. */
export interface RuntimeTask {
  /** The exported file. */
  readonly file: string;
  /** The file to take the layers from: the same, or a copy that has them as outputs. */
  readonly layersFile: string;
  /** Names of the layers. */
  readonly layers: readonly string[];
  /** Names of the outputs (`exportedOutputs`), in the file's order. */
  readonly outputs: readonly string[];
  /** Of runtimes that compute in real numbers: scale and zero point of the image, the layers and the outputs. */
  readonly parameters?: readonly (readonly [scale: number, zeroPoint: number])[];
  /** Entries of an ONNX Runtime session. */
  readonly sessionConfig?: Readonly<Record<string, string>> | undefined;
}
