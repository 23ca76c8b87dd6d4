/**
 * Quantizes a float model into a TF8 file and measures both on the same images.
 *
 *   npx tsx examples/quantize_evaluate.ts mobilenet_v1_1.0_224 IMAGES mobilenet.tf8
 *
 * IMAGES is a folder of the model's data set: for ImageNet, of folders named by WordNet id.
 */
import { createContext, evaluate, quantize, terminalReporter } from 'tf8/workflows';

const [model = 'mobilenet_v1_1.0_224', images, out = 'mobilenet.tf8'] = process.argv.slice(2);
const context = createContext({ reporter: terminalReporter(process.stderr) });

const { bytes, layers, calibrationImages } = await quantize(
  { model, calibrationData: images, seed: 0, out },
  context,
);
console.log(`${out}: ${layers} layers, ${bytes} bytes, from ${calibrationImages} images`);

const common = { data: images, limit: 1000, seed: 0, tier: 'auto' } as const;
const { float } = await evaluate({ ...common, model, precision: 'float' }, context);
const { tf8 } = await evaluate({ ...common, model: out, precision: 'tf8' }, context);
for (const [name, measured] of Object.entries({ float, tf8 })) {
  if (measured === undefined) continue;
  console.log(`${name}: top-1 ${measured.top1.toFixed(1)} %, top-5 ${measured.top5.toFixed(1)} %`);
}
