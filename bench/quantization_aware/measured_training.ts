import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import type { LabelledDataset } from '../../datasets/dataset.ts';
import { holdOutValidation } from '../../datasets/order/hold_out.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import { planOn } from '../../quantize/execute/plan_on.ts';
import { decodeTf8 } from '../../quantize/model/tf8_file.ts';
import type { Tf8Model } from '../../quantize/model/tf8_model.ts';
import { BesideFloat } from '../../workflows/compare/beside_float.ts';
import { ContestantMeter } from '../../workflows/compare/contestant.ts';
import { measuredOutputs, outputsOf } from '../../workflows/compare/measured_outputs.ts';
import { modelImages } from '../../workflows/compare/model_images.ts';
import { labelOffsetOn } from '../../workflows/open/model_facts.ts';
import { type OpenedFloatModel, openFloatModel } from '../../workflows/open/open_model.ts';
import { chooseRecipe } from '../../workflows/quantize/choose_recipe.ts';
import { CONVERSION_DEFAULTS } from '../../workflows/quantize/conversion.ts';
import { quantizeModel } from '../../workflows/quantize/quantize.ts';
import type { QuantizationAwareRow } from '../../workflows/records/quantization_aware_record.ts';
import { trainQuantizationAware } from '../../workflows/train/quantization_aware.ts';
import type { QuantizationAwareOptions } from '../../workflows/train/quantization_aware_options.ts';
import { temporaryFolder } from '../temporary_folder.ts';

export interface TrainingTask
  extends Pick<
    QuantizationAwareOptions,
    'model' | 'seed' | 'epochs' | 'learningRate' | 'quantizationRecipe' | 'ranges' | 'batchNorms'
  > {
  /** In the record. */
  readonly name: string;
  readonly imagenet: string;
  /** The same images. */
  readonly dataset: LabelledDataset;
  /** Recipe of quantization, by its name, that is compared with; `best` unless given. */
  readonly untrained?: string | undefined;
  /** Images that are neither trained nor calibrated on. */
  readonly heldOut: number;
}

/** Trains a network in integers on most of a folder's images, and measures it on these and on the others. */
export async function measuredTraining(
  task: TrainingTask,
  context: Context,
): Promise<QuantizationAwareRow> {
  const { name, model, seed, dataset, heldOut } = task;
  const opened = await openFloatModel(model, context);
  try {
    using meter = await Meter.open(opened, task, context);
    const float = await meter.measure('float', undefined);
    const recipe = await chooseRecipe({ recipe: task.untrained });
    const images = CONVERSION_DEFAULTS.calibrationImages;
    const source = { dataset: holdOutValidation(dataset, heldOut, seed), images, seed, skip: 0 };
    const quantized = await quantizeModel(opened, recipe, source, context);
    const untrained = await meter.measure(recipe.name, quantized.model);
    const { trained, training } = await train(task, context);
    const after = await meter.measure('trained', trained);
    return {
      network: name,
      seed,
      float,
      untrained: { recipe: recipe.name, ...untrained },
      after,
      training,
    };
  } finally {
    opened.dispose();
  }
}

interface Trained {
  readonly trained: Tf8Model;
  readonly training: QuantizationAwareRow['training'];
}

/** As the command does. */
async function train(
  { imagenet, heldOut, name: _, dataset: __, untrained: ___, ...task }: TrainingTask,
  context: Context,
): Promise<Trained> {
  const out = await temporaryFolder();
  const [begun, processor] = [performance.now(), process.cpuUsage()];
  const { training, quantization, recipe, tf8 } = await trainQuantizationAware(
    { ...task, dataset: 'imagenet', data: imagenet, validationImages: heldOut, out, resume: false },
    context,
  );
  const { user, system } = process.cpuUsage(processor);
  const seconds = (performance.now() - begun) / 1000;
  return {
    trained: await decodeTf8(await readFile(tf8), tf8),
    training: {
      quantization: quantization.recipe.name,
      ranges: quantization.ranges,
      freezeAfter: quantization.freezeAfter,
      dampening: quantization.dampening,
      batchNorms: quantization.batchNorms,
      learningRate: recipe.learningRate.initial,
      temperature: recipe.distillation!.temperature,
      batchSize: recipe.batchSize,
      steps: training.steps,
      calibrationImages: quantization.calibrationImages,
      seconds: Number(seconds.toPrecision(3)),
      processorSeconds: Number(((user + system) / 1e6).toPrecision(3)),
    },
  };
}

type Measured = QuantizationAwareRow['float'];
type Figures = Measured['heldOut'];

/** Measures networks on the images held out and on those trained on. */
class Meter implements Disposable {
  private readonly opened: OpenedFloatModel;
  private readonly labelOffset: number | undefined;
  private readonly float: BesideFloat;

  private constructor(opened: OpenedFloatModel, dataset: LabelledDataset, float: BesideFloat) {
    this.opened = opened;
    this.labelOffset = labelOffsetOn(opened.facts, dataset);
    this.float = float;
  }

  static async open(
    opened: OpenedFloatModel,
    { dataset, heldOut, seed }: TrainingTask,
    context: Context,
  ): Promise<Meter> {
    // What `holdOutValidation` takes: the first of the seed's order.
    const spans = [
      { skip: 0, limit: heldOut },
      { skip: heldOut, limit: dataset.count('train') - heldOut },
    ];
    const images = modelImages(opened, { dataset, spans, seed }, context);
    return new Meter(opened, dataset, await BesideFloat.open(opened, images, { keeps: true }));
  }

  /** @param model the float network without one */
  async measure(label: string, model: Tf8Model | undefined): Promise<Measured> {
    const { float, opened, labelOffset } = this;
    const outputs = measuredOutputs(float.graph, opened.facts.outputs);
    const meters = [0, 1].map(() => new ContestantMeter(outputs, labelOffset));
    using plan = model && planOn(model, { threads: availableParallelism() });
    await float.each(`measuring ${opened.name}, ${label}`, ({ batch, outputs: own, span }) => {
      meters[span].add(own, plan ? outputsOf(plan, batch.images) : own, batch);
    });
    const [heldOut, trained] = meters.map(figuresOf);
    return { trained, heldOut };
  }

  [Symbol.dispose](): void {
    this.float[Symbol.dispose]();
  }
}

function figuresOf(meter: ContestantMeter): Figures {
  const { images, top1, agreement } = meter.figures();
  return { images, top1Percent: top1!, agreementPercent: agreement! };
}
