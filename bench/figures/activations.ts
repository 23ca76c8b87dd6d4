import { availableParallelism } from 'node:os';
import { FloatNodes } from '../../architectures/graph/float_nodes.ts';
import type { LabelledDataset } from '../../datasets/dataset.ts';
import { firstOfEachClass } from '../../datasets/order/per_class.ts';
import { UserError } from '../../foundation/errors.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import { Analyzer } from '../../quantize/analyze/analyzer.ts';
import { fuseGraph } from '../../quantize/convert/fuse.ts';
import { selectKernels } from '../../quantize/kernels/select.ts';
import type { OpenedFloatModel } from '../../workflows/open/open_model.ts';
import { CONVERSION_DEFAULTS } from '../../workflows/quantize/conversion.ts';
import { quantizeModel } from '../../workflows/quantize/quantize.ts';
import type { PaperFiguresRecord } from '../../workflows/records/paper_figures_record.ts';
import { layerSqnr } from './layer_sqnr.ts';

type Activations = NonNullable<PaperFiguresRecord['activations']>;

/** Images that go through both networks at a time: bounds memory. */
const BATCH = 5;

export interface ActivationsOptions {
  /** The same network with ReLU6 and with ReLU. */
  readonly relu6: OpenedFloatModel;
  readonly relu: OpenedFloatModel;
  readonly dataset: LabelledDataset;
  readonly imagesPerClass: number;
  readonly seed: number;
}

/**
 * The SQNR of every layer's output with ReLU6 and with ReLU, the mean over test images, of each class
 * as many; training images calibrate.
 * @throws UserError where a class has too few images, or the networks differ in more than the
 *   activation
 */
export async function compareActivations(
  options: ActivationsOptions,
  context: Context,
): Promise<Activations> {
  const { dataset, imagesPerClass, seed } = options;
  const { signal } = context;
  const { among } = firstOfEachClass(dataset, 'test', imagesPerClass, seed);
  requireImages(dataset, among.length, imagesPerClass);
  const { kernels } = selectKernels('auto');
  const measure = async (opened: OpenedFloatModel) => {
    const images = CONVERSION_DEFAULTS.calibrationImages;
    const calibration = { dataset, images, seed, skip: 0 };
    const { model } = await quantizeModel(opened, 'keep', calibration, context);
    const graph = fuseGraph(opened.graph, { zeroVariance: 'keep' });
    const floats = new FloatNodes();
    const progress = context.reporter.start(
      `comparing the layers of ${opened.name}`,
      among.length,
      'images',
    );
    try {
      const threads = availableParallelism();
      const analyzer = new Analyzer({ graph, model, floats, kernels, threads });
      const batches = dataset.batches({
        split: 'test',
        among,
        batchSize: BATCH,
        resolution: graph.input.shape[0],
        seed,
        signal,
      });
      let measured = 0;
      for await (const { images, shape } of batches) {
        analyzer.add(images);
        // An analysis has costs at the logits; the page shows none, so one image is enough.
        if (measured === 0) analyzer.addEffects(images.subarray(0, images.length / shape[0]));
        measured += shape[0];
        progress.update(measured);
      }
      return { analysis: analyzer.analysis(), model };
    } finally {
      progress.end();
      floats.dispose();
    }
  };
  const relu6 = await measure(options.relu6);
  const relu = await measure(options.relu);
  const described = ({ facts }: OpenedFloatModel, { analysis }: typeof relu) => ({
    name: variantOf(facts) ?? 'a network of another program',
    weightsSha256: facts.origin.weightsSha256 ?? '',
    layers: layerSqnr(analysis),
  });
  const networks = {
    relu6: described(options.relu6, relu6),
    relu: described(options.relu, relu),
  };
  requireSameLayers(networks);
  return {
    dataset: dataset.name,
    data: dataset.fingerprint,
    images: relu.analysis.images,
    imagesPerClass,
    calibrationImages: relu.model.provenance.calibrationImages,
    kernelTier: kernels.tier,
    ...networks,
  };
}

function variantOf({ architecture }: OpenedFloatModel['facts']): string | undefined {
  return architecture?.network === 'mobilenet_v1' ? architecture.variant.name : undefined;
}

function requireImages(dataset: LabelledDataset, images: number, imagesPerClass: number): void {
  const expected = imagesPerClass * dataset.classNames.length;
  if (images === expected) return;
  throw new UserError(
    `Expected ${imagesPerClass} test images of each class of ${dataset.name} but it has ${images} of ${expected}`,
    { remedy: 'Ask for fewer images of each class.' },
  );
}

function requireSameLayers({ relu6, relu }: Pick<Activations, 'relu6' | 'relu'>): void {
  const [first, second] = [relu6, relu].map(({ layers }) =>
    layers.map(({ layer }) => layer).join(', '),
  );
  const clipped = [relu6, relu].map(({ layers }) => layers.some((layer) => layer.clipped));
  if (first === second && clipped[0] && !clipped[1]) return;
  throw new UserError(
    `Expected two networks of the same layers, with ReLU6 and with ReLU, but received ${relu6.name} and ${relu.name}`,
    { remedy: 'Give networks such as the variants no-depthwise-bn and relu.' },
  );
}
