/**
 * Retrains a MobileNet on images of your own as a quantization-friendly one, and measures it in float
 * and in TF8. A stopped run goes on where it was.
 *
 *   npx tsx examples/retrain.ts IMAGES mobilenet_v1_1.0_224 models/mine
 *
 * IMAGES has a folder of images for each class: cat/…, dog/…; or train/ and test/ with such folders.
 */
import { openDataset } from 'tf8/datasets';
import { createContext, describe, evaluate, terminalReporter, train } from 'tf8/workflows';

const [data = 'images', from = 'mobilenet_v1_1.0_224', out = 'models/mine'] = process.argv.slice(2);
const dataset = 'folder';
const context = createContext({ reporter: terminalReporter(process.stderr) });

const images = await openDataset(dataset, { ...context, dir: data });
const { classNames = [] } = images;
console.log(`${images.count('train')} images of ${classNames.length} classes to learn from`);

const { widthMultiplier = 1 } = await describe(from, context);
const { training } = await train(
  {
    network: 'mobilenet_v1',
    variant: 'friendly',
    widthMultiplier,
    from,
    dataset,
    data,
    epochs: 2,
    seed: 0,
    out,
    resume: true,
  },
  context,
);
console.log(`${training.steps} steps; the network is in ${out}`);

const { float, tf8 } = await evaluate(
  { model: out, dataset, data, precision: 'both', seed: 0, tier: 'auto' },
  context,
);
console.log(`top-1: ${float?.top1.toFixed(1)} % in float, ${tf8?.top1.toFixed(1)} % in TF8`);
