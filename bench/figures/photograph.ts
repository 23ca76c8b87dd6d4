import type { LabelledDataset } from '../../datasets/dataset.ts';
import { selectIndices } from '../../datasets/order/order.ts';
import { UserError } from '../../foundation/errors.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import { planOn } from '../../quantize/execute/plan_on.ts';
import { type Labels, softmax, topClasses } from '../../quantize/execute/top_classes.ts';
import { predictGraph } from '../../training/float_predictor.ts';
import type { OpenedFloatModel } from '../../workflows/open/open_model.ts';
import { CONVERSION_DEFAULTS } from '../../workflows/quantize/conversion.ts';
import { quantizeModel } from '../../workflows/quantize/quantize.ts';
import type { PaperFiguresRecord } from '../../workflows/records/paper_figures_record.ts';
import { figure } from '../explain/figure.ts';

type Photograph = NonNullable<PaperFiguresRecord['photograph']>;

const LISTED = 5;

/**
 * The likeliest classes of the first test image of a class (in the seed's order), in float, in TF8 as
 * published and with Option 1. Other images of the order calibrate.
 * @throws UserError where no image has the class
 */
export async function measurePhotograph(
  opened: OpenedFloatModel,
  dataset: LabelledDataset,
  { label, seed }: { readonly label: string; readonly seed: number },
  context: Context,
): Promise<Photograph> {
  const { graph, name: network, facts } = opened;
  const { image, shape, name, position } = await firstOf(opened, dataset, label, seed, context);
  // The order before the photograph calibrates where it is long enough, else what comes after it.
  const images = Math.min(CONVERSION_DEFAULTS.calibrationImages, dataset.count('train') - 1);
  const isAmongFirst = dataset.splitsAreEqual && position <= images;
  const calibration = { dataset, images, seed, skip: isAmongFirst ? position : 0 };
  const guess = async (zeroVariance: 'keep' | 'mean') => {
    const { model: tf8 } = await quantizeModel(opened, zeroVariance, calibration, context);
    using plan = planOn(tf8);
    return { tf8, guesses: guessesOf(softmax(plan.predict(image)), tf8) };
  };
  const asPublished = await guess('keep');
  const option1 = await guess('mean');
  return {
    network,
    weightsSha256: facts.origin.weightsSha256 ?? '',
    image: name,
    label,
    calibrationImages: asPublished.tf8.provenance.calibrationImages,
    float: guessesOf(predictGraph(graph, image, shape)[0], asPublished.tf8),
    asPublished: asPublished.guesses,
    option1: option1.guesses,
  };
}

async function firstOf(
  { graph }: OpenedFloatModel,
  dataset: LabelledDataset,
  label: string,
  seed: number,
  { signal }: Context,
) {
  const wanted = dataset.classNames.findIndex((name) => isCalled(name, label));
  const order = selectIndices(dataset.count('test'), { seed });
  const place = order.findIndex((index) => dataset.label('test', index) === wanted);
  const batches = dataset.batches({
    split: 'test',
    among: order.slice(place, place + 1),
    batchSize: 1,
    signal,
    resolution: graph.input.shape[0],
  });
  if (place >= 0) {
    for await (const { images, shape, names } of batches) {
      return { image: images, shape, name: names[0], position: place + 1 };
    }
  }
  throw new UserError(
    `Expected an image of the class "${label}" in ${dataset.name} but there is none that can be read`,
    {
      remedy: 'Name a class of the images, such as one of their folders’ in classes.txt.',
    },
  );
}

/** ImageNet's classes have several names: "white wolf, Arctic wolf, Canis lupus tundrarum". */
function isCalled(names: string, label: string): boolean {
  return names.split(', ').includes(label);
}

function guessesOf(probabilities: Float32Array, labels: Labels): Photograph['float'] {
  return topClasses(probabilities, labels, LISTED).map(({ name, probability }) => ({
    name: name.split(', ')[0],
    probability: figure(Math.min(1, probability)), // a sum of singles may be a hair more
  }));
}
