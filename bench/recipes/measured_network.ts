import { appendFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { isWeightedFloat } from '../../architectures/graph/float_node.ts';
import { sha256OfTensors } from '../../checkpoints/weight_tensor.ts';
import type { Dataset } from '../../datasets/dataset.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import { AS_PUBLISHED } from '../../quantize/convert/recipe.ts';
import { planOn } from '../../quantize/execute/plan_on.ts';
import { encodeFloatOnnx } from '../../quantize/export/onnx/float_onnx.ts';
import { BesideFloat } from '../../workflows/compare/beside_float.ts';
import { ContestantMeter } from '../../workflows/compare/contestant.ts';
import { type ImagePlan, planImages } from '../../workflows/compare/image_plan.ts';
import { measuredOutputs, outputsOf } from '../../workflows/compare/measured_outputs.ts';
import { modelImages } from '../../workflows/compare/model_images.ts';
import { openModelImages } from '../../workflows/open/open_data.ts';
import { type OpenedFloatModel, openFloatModel } from '../../workflows/open/open_model.ts';
import { quantizeModel } from '../../workflows/quantize/quantize.ts';
import type { ComparedFigures } from '../../workflows/records/comparison_record.ts';
import type { RecipePiece } from '../../workflows/records/recipes_record.ts';
import type { PeerFiles, PeerWork } from './nncf.ts';
import type { Piece, PieceConditions } from './piece.ts';

export interface MeasuredNetworkOptions
  extends Pick<PieceConditions, 'seed' | 'subsetImages' | 'subsets'> {
  readonly name: string;
  readonly model: string;
  readonly imagenet: string;
  /** Of the checkout that measures. */
  readonly commit: string;
}

/** A network and the images that its recipes are measured on; the float network runs once over them. */
export class MeasuredNetwork implements Disposable {
  readonly name: string;
  readonly weightsSha256: string;
  readonly dataset: Dataset;
  private readonly opened: OpenedFloatModel;
  private readonly options: MeasuredNetworkOptions;
  private readonly context: Context;
  private readonly plan: ImagePlan;
  private readonly labelOffset: number | undefined;
  private float: BesideFloat | undefined;

  private constructor(
    opened: OpenedFloatModel,
    { dataset, labelOffset }: Awaited<ReturnType<typeof openModelImages>>,
    options: MeasuredNetworkOptions,
    context: Context,
  ) {
    const { subsetImages, subsets } = options;
    this.name = options.name;
    this.weightsSha256 = sha256OfTensors(opened.network.weights());
    this.dataset = dataset;
    this.opened = opened;
    this.options = options;
    this.context = context;
    const planned = { measured: dataset, calibrating: dataset, images: subsetImages, subsets };
    this.plan = planImages(planned);
    this.labelOffset = labelOffset;
  }

  /** @throws UserError where the model or the images cannot be opened, or there are too few for the subsets */
  static async open(options: MeasuredNetworkOptions, context: Context): Promise<MeasuredNetwork> {
    const opened = await openFloatModel(options.model, context);
    try {
      const request = { dataset: 'imagenet', dir: options.imagenet, option: 'imagenet' } as const;
      const images = await openModelImages(opened, request, context);
      return new MeasuredNetwork(opened, images, options, context);
    } catch (error) {
      opened.dispose();
      throw error;
    }
  }

  /** Quantizes the network and measures it on the images of the other subsets. */
  async measure({ recipe, calibrationImages, subset }: Piece): Promise<RecipePiece> {
    const { commit } = this.options;
    if (recipe === undefined) {
      const figures = await this.figures(subset, 'float');
      return { subset, ...figures, seconds: 0, processorSeconds: 0, commit };
    }
    const { skip } = this.plan.subsets[subset];
    const source = {
      dataset: this.dataset,
      images: calibrationImages,
      seed: this.options.seed,
      skip,
    };
    const [begun, cpu] = [performance.now(), process.cpuUsage()];
    const { model } = await quantizeModel(this.opened, recipe, source, this.context);
    const seconds = (performance.now() - begun) / 1000;
    const { user, system } = process.cpuUsage(cpu);
    using plan = planOn(model, { threads: availableParallelism() });
    const figures = await this.figures(subset, recipe.name, (_, images) => outputsOf(plan, images));
    return { subset, ...figures, seconds, processorSeconds: (user + system) / 1e6, commit };
  }

  /**
   * Measures what another program makes of the float network after it has seen the images of a subset, on those
   * of the others.
   */
  async measurePeer(
    subset: number,
    program: (files: PeerFiles) => Promise<PeerWork>,
  ): Promise<{ readonly piece: RecipePiece; readonly work: PeerWork }> {
    const folder = await mkdtemp(join(tmpdir(), 'tf8-peer-'));
    try {
      const files = await this.writePeerFiles(subset, folder);
      const work = await program(files);
      const bytes = await readFile(files.outputs);
      const made = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
      let at = 0;
      const figures = await this.figures(subset, 'a peer', ([float]) => {
        at += float.length;
        return [made.subarray(at - float.length, at)];
      });
      const { commit } = this.options;
      const { seconds, processorSeconds } = work;
      return { piece: { subset, ...figures, seconds, processorSeconds, commit }, work };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  private async writePeerFiles(subset: number, folder: string): Promise<PeerFiles> {
    const at = (name: string) => join(folder, name);
    const files = {
      network: at('float.onnx'),
      calibration: at('calibration.f32'),
      measured: at('measured.f32'),
      outputs: at('outputs.f32'),
    };
    const source = { dataset: this.dataset, images: 1, seed: this.options.seed, skip: 0 };
    const { model, graph } = await quantizeModel(this.opened, AS_PUBLISHED, source, this.context);
    const weights = graph.nodes.filter(isWeightedFloat).map((node) => [node.name, node] as const);
    await writeFile(files.network, encodeFloatOnnx(model, new Map(weights)));
    this.float ??= await this.openFloat();
    await this.float.each(`images of ${this.name}`, ({ batch, span }) => {
      const isHeldOut = this.plan.pieces[span].heldOut === subset;
      const { images } = batch;
      const bytes = new Uint8Array(images.buffer, images.byteOffset, images.byteLength);
      appendFileSync(isHeldOut ? files.calibration : files.measured, bytes);
    });
    return files;
  }

  [Symbol.dispose](): void {
    this.float?.[Symbol.dispose]();
    this.opened.dispose();
  }

  /** @param outputsOfImages from the float network's outputs and the images; these outputs themselves unless given */
  private async figures(
    subset: number,
    label: string,
    outputsOfImages: (
      float: readonly Float32Array[],
      images: Float32Array,
    ) => readonly Float32Array[] = (float) => float,
  ): Promise<ComparedFigures> {
    this.float ??= await this.openFloat();
    const outputs = measuredOutputs(this.float.graph, this.opened.facts.outputs);
    const meter = new ContestantMeter(outputs, this.labelOffset);
    await this.float.each(`measuring ${this.name}, ${label}`, ({ batch, outputs: float, span }) => {
      if (this.plan.pieces[span].heldOut === subset) return;
      meter.add(float, outputsOfImages(float, batch.images), batch);
    });
    return meter.figures();
  }

  private openFloat(): Promise<BesideFloat> {
    const { opened, dataset, plan, context } = this;
    const { seed } = this.options;
    const images = modelImages(opened, { dataset, spans: plan.pieces, seed }, context);
    return BesideFloat.open(opened, images, { keeps: true });
  }
}
