import type { FloatGraph } from '../../architectures/graph/float_graph.ts';
import { FloatRunner } from '../../architectures/graph/float_runner.ts';
import type { ImageBatch } from '../../datasets/dataset.ts';
import { fuseGraph } from '../../quantize/convert/fuse.ts';
import type { TestImages } from '../analyze/test_images.ts';
import { floatCompiler } from '../open/float_compiler.ts';
import type { OpenedFloatModel } from '../open/open_model.ts';

/** Images that go through the networks at a time: bounds memory. */
export const FLOAT_BATCH = 8;

/** A batch, and what the float network makes of it. */
export interface BatchBesideFloat {
  readonly batch: ImageBatch;
  /** [N, …] in the graph's order; softmaxes at the end are left out unless asked for. */
  readonly outputs: readonly Float32Array[];
  /** The place among the images' spans of the one that the batch is of. */
  readonly span: number;
}

/** Images beside what the float network makes of them: what other networks are held against. */
export class BesideFloat implements Disposable {
  readonly graph: FloatGraph;
  private readonly images: TestImages;
  private readonly runner: FloatRunner;
  /** Of each batch, once it was seen. */
  private readonly kept: (readonly Float32Array[])[] | undefined;

  private constructor(
    graph: FloatGraph,
    images: TestImages,
    runner: FloatRunner,
    { keeps }: { readonly keeps: boolean },
  ) {
    this.graph = graph;
    this.images = images;
    this.runner = runner;
    this.kept = keeps ? [] : undefined;
  }

  /**
   * @param options.keeps whether the outputs stay in memory, so that the network runs once over the images
   * @param options.images for so many images the network is made fast; those that are shown unless given
   * @param options.softmax whether the network ends in probabilities
   */
  static async open(
    { graph: read }: Pick<OpenedFloatModel, 'graph'>,
    images: TestImages,
    options: {
      readonly keeps: boolean;
      readonly images?: number;
      readonly softmax?: boolean | undefined;
    },
  ): Promise<BesideFloat> {
    const graph = fuseGraph(read, { zeroVariance: 'keep', softmax: options.softmax });
    const runner = new FloatRunner(graph, await floatCompiler(options.images ?? images.count));
    return new BesideFloat(graph, images, runner, options);
  }

  /**
   * Shows every batch to `visit`, with progress.
   * @param label what the progress calls the work
   * @returns the number of images that were shown
   * @throws the signal's reason when aborted
   */
  each(label: string, visit: (shown: BatchBesideFloat) => void): Promise<number> {
    const { kept, runner } = this;
    let at = 0;
    return this.images.each(label, FLOAT_BATCH, (batch, span) => {
      const index = at++;
      const outputs = kept?.[index] ?? runner.outputs(batch.images, batch.shape);
      if (kept !== undefined) kept[index] = outputs;
      visit({ batch, outputs, span });
    });
  }

  /** Frees the network's weights; what was kept is still shown. */
  [Symbol.dispose](): void {
    this.runner.dispose();
  }
}
