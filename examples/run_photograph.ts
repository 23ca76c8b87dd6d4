/**
 * Runs a TF8 file on a photograph, without TensorFlow, and prints the five likeliest classes.
 *
 *   npx tsx examples/run_photograph.ts mobilenet.tf8 photograph.jpg
 *
 * `quantize_evaluate.ts` makes such a file.
 */
import { loadTf8 } from 'tf8';
import { decodeImage } from 'tf8/datasets';
import { preprocess } from 'tf8/preprocess';

const [file = 'mobilenet.tf8', photograph = 'photograph.jpg'] = process.argv.slice(2);

using plan = await loadTf8(file, { threads: 2 });
const { input, preprocessing } = plan.model;
// [resolution, resolution, 3] in [−1, 1], which MobileNets take.
const image = preprocess(await decodeImage(photograph), {
  resolution: input.shape[0],
  centralFraction: preprocessing?.centralFraction ?? 1,
});
for (const classes of plan.classify(image)) {
  for (const { name, probability } of classes) {
    console.log(`${(100 * probability).toFixed(1).padStart(5)} %  ${name}`);
  }
}
console.log(`by the ${plan.kernels.tier} kernels on ${plan.threads} threads`);
