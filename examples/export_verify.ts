/**
 * Exports a TF8 file for another program, runs the export there, and compares every byte of every
 * layer with our own.
 *
 *   npx tsx examples/export_verify.ts mobilenet.tf8 IMAGES tflite
 *
 * IMAGES is a folder of the model's data set. The format is tflite (run by LiteRT), onnx (by ONNX
 * Runtime) or c (by the C compiler). The first use of LiteRT and ONNX Runtime fetches them.
 */
import { createContext, exportModel, terminalReporter, verify } from 'tf8/workflows';

const [model = 'mobilenet.tf8', data, format = 'tflite'] = process.argv.slice(2);
const context = createContext({ reporter: terminalReporter(process.stderr) });

const out = `${model.replace(/\.tf8$/, '')}.${format === 'c' ? 'h' : format}`;
const { files } = await exportModel({ model, format, out, seed: 0 }, context);
for (const { path, bytes } of files) console.log(`${path}: ${bytes} bytes`);

const verified = await verify({ file: out, data, limit: 10, seed: 0, tier: 'auto' }, context);
const differing = verified.layers.filter((layer) => layer.differing > 0);
console.log(`${verified.runtime}: ${verified.images} images, ${verified.layers.length} layers`);
for (const { name, differing: bytes, elements } of differing) {
  console.log(`${name}: ${bytes} of ${elements} bytes differ`);
}
if (differing.length === 0) console.log('every byte is the same');
console.log(`top-1 agrees on ${verified.top1Agreement?.toFixed(1)} % of the images`);
