import type { FloatGraph } from '../../architectures/graph/float_graph.ts';
import { readLayersModel } from '../../architectures/graph/read_layers_model.ts';
import {
  centredGraph,
  measureDepthwiseMeans,
} from '../../architectures/rearchitect/centre_depthwise.ts';
import { setGraphWeights } from '../../architectures/rearchitect/graph_model.ts';
import { equalizeGraph } from '../../architectures/rearchitect/scale_graph.ts';
import type { ModelCard } from '../../checkpoints/store/model_card.ts';
import { loadModelFolder, saveModelFolder } from '../../checkpoints/store/model_store.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import { compile } from '../../training/compile/compile.ts';
import type { InputFacts } from '../open/model_facts.ts';
import { type FittingImages, fittingBatches } from './images.ts';
import { type FinishRecord, finishIn } from './record.ts';

/**
 * The last steps before a network is quantized, none of which changes its function: cross-layer
 * equalization, then the means of the linear depthwise outputs on the images that it was fitted on go into
 * what follows.
 */
export async function finishGraph(
  graph: FloatGraph,
  input: InputFacts,
  images: FittingImages,
  { reporter, signal }: Context,
): Promise<FinishRecord & { readonly graph: FloatGraph }> {
  const { graph: equalized, layers, skipped } = equalizeGraph(graph);
  const progress = reporter.start('measuring channel means', images.images, 'images');
  let seen = 0;
  try {
    const means = await measureDepthwiseMeans(
      equalized,
      fittingBatches(images, { input, signal }),
      (run) => compile(run, { frozen: true }),
      (done) => {
        seen = done;
        progress.update(done);
      },
    );
    return {
      graph: centredGraph(equalized, means),
      equalization: { layers: [...layers], skipped: [...skipped] },
      centring: { layers: [...means.keys()], images: seen },
    };
  } finally {
    progress.end();
  }
}

/**
 * Finishes the retrained network in `dir` and stores it again; one that a run before has finished
 * stays as it is.
 * @param told what its card says of the reconstruction: where it came from, and under `training` how
 */
export async function finishFolder(
  dir: string,
  told: {
    readonly origin: ModelCard['origin'];
    readonly rearchitecture: NonNullable<ModelCard['training']>;
  },
  { input, ...images }: FittingImages & { readonly input: InputFacts },
  context: Context,
): Promise<{ readonly card: ModelCard; readonly finish: FinishRecord }> {
  const { model, card } = await loadModelFolder(dir);
  try {
    const finished = finishIn(card!);
    if (finished !== undefined) return { card: card!, finish: finished };
    const { weightsSha256: _, ...known } = card!;
    const graph = readLayersModel(model);
    const { graph: done, ...finish } = await finishGraph(graph, input, images, context);
    setGraphWeights(model, done);
    const saved = await saveModelFolder(
      model,
      {
        ...known,
        origin: { ...told.origin, source: `${told.origin.source} and retrained` },
        training: { ...known.training, rearchitecture: { ...told.rearchitecture, ...finish } },
      },
      dir,
    );
    return { card: saved, finish };
  } finally {
    model.dispose();
  }
}
