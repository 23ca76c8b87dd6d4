/**
 * Finds how much a float model loses in TF8, and where, and prints the diagnosis: the costliest causes
 * first, with what to do about them.
 *
 *   npx tsx examples/analyze.ts mobilenet_v1_1.0_224 IMAGES
 *
 * IMAGES is a folder of the model's data set. The record of the run is kept for `npx tf8 report`.
 */
import { analyze, createContext, terminalReporter } from 'tf8/workflows';

const [model = 'mobilenet_v1_1.0_224', data, runsDir = 'runs'] = process.argv.slice(2);

const { verdict, layers, diagnosis, run } = await analyze(
  { model, data, accuracy: false, seed: 0, tier: 'auto', runsDir },
  createContext({ reporter: terminalReporter(process.stderr) }),
);

console.log(verdict);

// Signal to quantization noise of the network up to each layer, in dB.
for (const { name, cumulativeSqnrDb } of layers) {
  console.log(`${cumulativeSqnrDb.toFixed(1).padStart(8)} dB  ${name}`);
}
for (const { layer, cause, explanation, remedy, commands = [] } of diagnosis) {
  console.log(`\n${layer} (${cause}): ${explanation}\n→ ${[remedy, ...commands].join('\n  ')}`);
}
if (diagnosis.length === 0) console.log('\nThe network quantizes well.');
console.log(`\nThe record is ${run}`);
