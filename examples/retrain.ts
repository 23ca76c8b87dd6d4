/**
 * Retrains a MobileNet on images of your own as a quantization-friendly one, and measures it in float
 * and in TF8. A stopped run goes on where it was.
 *
 *   npx tsx examples/retrain.ts cifar10 IMAGES mobilenet_v1_1.0_224 models/mine
 *
 * The first argument is the name of a data set, the second its folder: of `cifar10`, one with
 * train/CLASS/ and test/CLASS/.
 */
import { FRIENDLY } from 'tf8/architectures';
import { openDataset } from 'tf8/datasets';
import { openRecipe, overrideRecipe } from 'tf8/training';
import { consoleReporter, createContext, describe, evaluate, train } from 'tf8/workflows';

const [name = 'cifar10', data = 'images', from = 'mobilenet_v1_1.0_224', out = 'models/mine'] =
  process.argv.slice(2);
const context = createContext({ reporter: consoleReporter() });

const dataset = await openDataset(name, { ...context, dir: data });
const { widthMultiplier = 1 } = await describe(from, context);
const { training } = await train(
  {
    network: { network: 'mobilenet_v1', variant: FRIENDLY, widthMultiplier },
    from,
    zeroVariance: 'mean',
    dataset,
    validationImages: Math.floor(dataset.count('train') / 20),
    recipe: overrideRecipe(await openRecipe('finetune'), { budget: { epochs: 2 } }),
    seed: 0,
    out,
    run: { resume: true },
  },
  context,
);
console.log(`${training.steps} steps; the network is in ${out}`);

const { float, tf8 } = await evaluate(
  { model: out, dataset: name, data, precision: 'both', seed: 0, tier: 'auto' },
  context,
);
console.log(`top-1: ${float?.top1.toFixed(1)} % in float, ${tf8?.top1.toFixed(1)} % in TF8`);
