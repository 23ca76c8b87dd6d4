/**
 * One image through MobileNet_v1_1.0_224 on one thread: our kernel tiers beside a peer, the float
 * network on TensorFlow.js' WebAssembly backend. Each tier is timed only after its bytes have
 * matched the reference's on every layer; all take turns in one run. `npm run bench [-- RUNS]`.
 */
import * as tf from '@tensorflow/tfjs';
import { setThreadsCount } from '@tensorflow/tfjs-backend-wasm';
import { SILENT_REPORTER } from '../checkpoints/artifacts/reporter.ts';
import { loadModelFolder } from '../checkpoints/model_store.ts';
import { pullCheckpoint } from '../checkpoints/pull.ts';
import { calibrate } from '../quantize/convert/calibrate.ts';
import { convertGraph } from '../quantize/convert/convert_graph.ts';
import { fuseLayersModel } from '../quantize/convert/fuse.ts';
import { Tf8Executor } from '../quantize/execute/executor.ts';
import { availableTiers, selectKernels } from '../quantize/kernels/select.ts';
import { quantizeArray } from '../quantize/params/quantization.ts';
import { cacheDir } from '../scripts/cache_dir.ts';
import { markdownTable } from '../scripts/records/markdown_table.ts';

const PEER = 'TensorFlow.js wasm, float';
const SHAPE = [1, 224, 224, 3] as const;

const runs = Number(process.argv[2] ?? 20);
if (!Number.isSafeInteger(runs) || runs < 1)
  throw new Error(`Expected a number of runs but received ${runs}`);

setThreadsCount(1);
await tf.setBackend('wasm');
const { dir } = await pullCheckpoint('mobilenet_v1_1.0_224', {
  cacheDir: cacheDir(),
  reporter: SILENT_REPORTER,
});
const { model } = await loadModelFolder(dir);

// A picture of waves: the time does not depend on what an image shows.
const image = Float32Array.from({ length: 224 * 224 * 3 }, (_, i) => Math.sin(i / 97));
const graph = fuseLayersModel(model, { zeroVariance: 'mean' });
const calibration = await calibrate(
  graph,
  (async function* () {
    yield { images: image, shape: SHAPE };
  })(),
);
const tf8 = convertGraph(graph, calibration, {
  inputRange: { min: -1, max: 1 },
  labelOffset: 1,
  classNames: [],
  provenance: {
    floatModel: 'mobilenet_v1_1.0_224',
    floatWeightsSha256: '',
    calibrationImages: 1,
    calibrationData: 'waves',
    zeroVariance: 'mean',
  },
});
const input = quantizeArray(image, tf8.input.quantization);

const contestants = new Map<string, () => void>();
const reference = new Tf8Executor(tf8, selectKernels('reference').kernels);
const expected = new Map(
  [...reference.runLayers(input)].map(([name, bytes]) => [name, bytes.slice()]),
);
for (const { tier, available, reason } of availableTiers()) {
  if (!available) {
    console.log(`left out: ${tier} (${reason})`);
    continue;
  }
  const executor = new Tf8Executor(tf8, selectKernels(tier).kernels);
  for (const [name, bytes] of executor.runLayers(input)) {
    if (Buffer.compare(bytes, expected.get(name)!) !== 0) {
      throw new Error(`${tier} differs from the reference at ${name}: not timed`);
    }
  }
  contestants.set(`tf8 ${tier}`, () => executor.run(input));
}
const images = tf.tensor4d(image, [...SHAPE]);
contestants.set(PEER, () => tf.tidy(() => (model.predict(images) as tf.Tensor).dataSync()));

const times = new Map([...contestants.keys()].map((name) => [name, [] as number[]]));
for (const run of contestants.values()) run();
for (let i = 0; i < runs; i++) {
  for (const [name, run] of contestants) {
    // The reference is for its bytes: a few runs tell its time.
    if (name === 'tf8 reference' && i >= 3) continue;
    const start = performance.now();
    run();
    times.get(name)!.push(performance.now() - start);
  }
}
const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!;
const peerMs = median(times.get(PEER)!);
console.log(
  markdownTable(
    ['one image, one thread', 'median ms', 'fastest ms', 'times as fast as the peer'],
    [...times].map(([name, values]) => [
      name,
      median(values).toFixed(1),
      Math.min(...values).toFixed(1),
      (peerMs / median(values)).toFixed(2),
    ]),
    1,
  ),
);
