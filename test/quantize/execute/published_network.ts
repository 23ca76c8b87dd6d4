import type { FloatGraph } from '../../../architectures/graph/float_graph.ts';
import type { ZeroVariancePolicy } from '../../../architectures/graph/fold_batch_norm.ts';
import { loadModelFolder } from '../../../checkpoints/store/model_store.ts';
import { openImageNet } from '../../../datasets/imagenet/imagenet.ts';
import { calibrate } from '../../../quantize/convert/calibrate.ts';
import { convertGraph } from '../../../quantize/convert/convert_graph.ts';
import { fuseLayersModel } from '../../../quantize/convert/fuse.ts';
import { Tf8Plan } from '../../../quantize/execute/plan.ts';
import type { Kernels } from '../../../quantize/kernels/kernels.ts';
import { REFERENCE_KERNELS } from '../../../quantize/kernels/reference.ts';
import { decodeTf8, encodeTf8 } from '../../../quantize/model/tf8_file.ts';
import { type Tf8Model, tensorNames } from '../../../quantize/model/tf8_model.ts';
import { selectBackend } from '../../../training/backend.ts';
import { publishedModel } from '../../support/published_model.ts';
import { sharedFolder, skip } from '../../support/skip.ts';

const CALIBRATION_IMAGES = 8;

/** The published MobileNet_v1_1.0_224, converted, and photographs that it was not calibrated with. */
export interface PublishedNetwork {
  readonly graphs: ReadonlyMap<ZeroVariancePolicy, FloatGraph>;
  readonly models: ReadonlyMap<ZeroVariancePolicy, Tf8Model>;
  /** [images, 224, 224, 3] float32 in [−1, 1] */
  readonly photographs: Float32Array;
}

export const PUBLISHED = 'mobilenet_v1_1.0_224';
export const PUBLISHED_SHAPE = [224, 224, 3] as const;

/** Skips the suite, whose `before` calls it, where something that it needs is missing. */
export async function publishedNetwork(
  context: Mocha.Context,
  images: number,
  policies: readonly ZeroVariancePolicy[],
): Promise<PublishedNetwork> {
  const folder = sharedFolder(context, 'imagenet-samples');
  const backend = await selectBackend();
  if (backend.name !== 'tensorflow') skip(context, backend.notes.join('; '));
  const { model } = await loadModelFolder(await publishedModel(context));
  const dataset = await openImageNet(folder);
  const batches = (batchSize: number, limit: number, left: number) =>
    dataset.batches({ split: 'test', batchSize, resolution: 224, seed: 0, limit, skip: left });
  let photographs = new Float32Array();
  for await (const batch of batches(images, images, 0)) {
    photographs = new Float32Array(batch.images);
  }
  const graphs = new Map<ZeroVariancePolicy, FloatGraph>();
  const models = new Map<ZeroVariancePolicy, Tf8Model>();
  for (const zeroVariance of policies) {
    const graph = fuseLayersModel(model, { zeroVariance });
    const calibration = await calibrate(graph, batches(4, CALIBRATION_IMAGES, images));
    const converted = convertGraph(graph, calibration, {
      inputRange: { min: -1, max: 1 },
      labelOffset: 1,
      classNames: dataset.classNames,
      provenance: {
        floatModel: PUBLISHED,
        floatWeightsSha256: '',
        calibrationImages: calibration.images,
        calibrationData: dataset.fingerprint,
        zeroVariance,
      },
    });
    graphs.set(zeroVariance, graph);
    models.set(zeroVariance, await decodeTf8(await encodeTf8(converted), PUBLISHED));
  }
  model.dispose();
  return { graphs, models, photographs };
}

/** The reference's bytes of every layer of one image at a time; each is computed once. */
export class ReferenceLayers {
  private readonly plan: Tf8Plan;
  private readonly layers = new Map<number, ReadonlyMap<string, Uint8Array>>();
  private readonly photographs: Float32Array;
  private readonly length: number;

  constructor(model: Tf8Model, photographs: Float32Array) {
    this.plan = new Tf8Plan(model, { kernels: REFERENCE_KERNELS, outputs: tensorNames(model) });
    this.photographs = photographs;
    this.length = model.input.shape.reduce((product, side) => product * side, 1);
  }

  get images(): number {
    return this.photographs.length / this.length;
  }

  /** Throws at the first byte that differs, naming image and layer; returns the layers compared. */
  compare(kernels: Kernels, threads: number): readonly string[] {
    const outputs = tensorNames(this.plan.model);
    using plan = new Tf8Plan(this.plan.model, { kernels, threads, outputs });
    for (let n = 0; n < this.images; n++) {
      const image = this.photographs.subarray(n * this.length, (n + 1) * this.length);
      const received = plan.run(image);
      for (const [name, bytes] of this.expected(n, image)) {
        const at = bytes.findIndex((byte, index) => byte !== received.get(name)![index]);
        if (at < 0 && received.get(name)!.length === bytes.length) continue;
        throw new Error(
          `image ${n}, ${name}[${at}]: expected ${bytes[at]}, got ${received.get(name)![at]}`,
        );
      }
    }
    return outputs;
  }

  private expected(n: number, image: Float32Array): ReadonlyMap<string, Uint8Array> {
    let layers = this.layers.get(n);
    if (layers === undefined) {
      layers = new Map([...this.plan.run(image)].map(([name, bytes]) => [name, bytes.slice()]));
      this.layers.set(n, layers);
    }
    return layers;
  }
}
