import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '../../foundation/errors.ts';
import { cacheDir } from '../../foundation/files/cache_dir.ts';
import { sha256OfBytes } from '../../foundation/hashes/sha256.ts';
import { runCommand } from '../../foundation/processes/run_command.ts';
import { pythonEnvironment, RUNTIMES } from '../../foundation/python/python_environment.ts';
import { planOn } from '../../quantize/execute/plan_on.ts';
import { ManifestSchema } from '../../quantize/export/manifest.ts';
import { decodeTf8 } from '../../quantize/model/tf8_file.ts';
import { isWeighted, type Tf8Model } from '../../quantize/model/tf8_model.ts';
import { elements } from '../../quantize/params/shape.ts';
import { exportModel } from '../../workflows/export/export.ts';
import { writeGolden } from '../../workflows/golden/golden_folder.ts';
import { quantize } from '../../workflows/quantize/quantize.ts';
import { startCRuntime } from '../../workflows/verify/c_runtime.ts';
import { verify } from '../../workflows/verify/verify.ts';
import { randomBytes } from '../quantize/kernels/make_call.ts';
import { contextOf } from '../scripts/support.ts';
import { publishedModel } from '../support/published_model.ts';
import { sharedFolder, skip } from '../support/skip.ts';
import { benchOutput, compilerOf } from './golden_bench.ts';

const PHOTOGRAPHS = 10;
const SANITIZERS = ['-g', '-fsanitize=address,undefined', '-fno-sanitize-recover=all'];

/** Prints type, shape and SHA-256 of every array as NumPy reads it. */
const NUMPY_ARRAYS = `
import hashlib, json, sys
import numpy as np
with np.load(sys.argv[1]) as arrays:
    print("arrays", json.dumps({
        name: [array.dtype.str, list(array.shape), hashlib.sha256(array.tobytes()).hexdigest()]
        for name, array in arrays.items()}))
`;

/** Prints shape and SHA-256 of every array of a folder of golden vectors as NumPy reads it. */
const GOLDEN_ARRAYS = `
import hashlib, json, pathlib, sys
import numpy as np
arrays = {path.stem: np.load(path) for path in pathlib.Path(sys.argv[1]).glob("*.npy")}
print("golden", json.dumps({
    name: [array.dtype.str, list(array.shape), hashlib.sha256(array.tobytes()).hexdigest()]
    for name, array in arrays.items()}))
`;

/**
 * Checks a float network, quantizes and dequantizes its weights as its encodings say, and prints how
 * far the bytes' real values are from the weights, at most, in units of the scale.
 */
const FLOAT_NETWORK = `
import json, sys
import numpy as np, onnx, onnxruntime
from onnx.numpy_helper import to_array
encodings = json.load(open(sys.argv[1]))
path = sys.argv[1] + ".onnx"
model = onnx.load(path)
onnx.checker.check_model(model, full_check=True)
session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
image = session.get_inputs()[0]
logits = session.run(None, {image.name: np.zeros(image.shape, np.float32)})[0]
weights = {tensor.name: to_array(tensor) for tensor in model.graph.initializer}
bytes_, worst = {}, 0.0
for name, [e] in encodings["param_encodings"].items():
    scale, real = np.float32(e["scale"]), weights[name].astype(np.float64)
    q = np.clip(np.rint(real / scale) - e["offset"], 0, 255)
    bytes_[name] = int(q.sum())
    worst = max(worst, float(np.abs((q + e["offset"]) * scale - real).max() / scale))
print("network", json.dumps({"input": image.shape, "logits": list(logits.shape),
                             "sums": bytes_, "worst": worst}))
`;

describe('an export to files', function () {
  this.timeout(30 * 60_000);
  const context = { ...contextOf(), cacheDir: cacheDir() };
  let folder: string;
  let photographs: string;
  let published: string;
  let model: Tf8Model;
  const at = (name: string) => join(folder, name);
  const source = () => ({
    calibrationData: photographs,
    calibrationImages: 50,
    recipe: 'as-published',
    seed: 0,
  });

  before(async function () {
    published = await publishedModel(this);
    photographs = sharedFolder(this, 'imagenet-samples/images');
    folder = await mkdtemp(join(tmpdir(), 'tf8-export-files-'));
    await quantize({ ...source(), model: published, out: at('m.tf8') }, context);
    model = await decodeTf8(await readFile(at('m.tf8')), 'm.tf8');
  });

  after(async () => {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  });

  async function python(test: Mocha.Context): Promise<string> {
    try {
      return await pythonEnvironment(RUNTIMES, context);
    } catch (error) {
      if (error instanceof UserError) skip(test, error.message);
      throw error;
    }
  }

  /** What a program for Python prints behind a word, as JSON. */
  async function printed(test: Mocha.Context, program: string, file: string, word: string) {
    const { exitCode, output } = await runCommand(await python(test), ['-I', '-c', program, file]);
    assert.equal(exitCode, 0, output);
    return JSON.parse(new RegExp(`^${word} (.*)$`, 'm').exec(output)![1]);
  }

  it(`c: the program differs in no byte of any layer on ${PHOTOGRAPHS} photographs`, async function () {
    await compilerOf(this);
    const out = at('m.h');
    await exportModel({ model: at('m.tf8'), format: 'c', out, seed: 0 }, context);
    const images = { data: photographs, limit: PHOTOGRAPHS, seed: 0 };
    const result = await verify({ file: out, ...images, tier: 'auto' }, context);
    assert.equal(result.images, PHOTOGRAPHS);
    assert.equal(result.layers.length, model.nodes.length + 1);
    assert.equal(result.firstDifference, undefined);
    assert.equal(result.top1Agreement, 100);
  });

  const libraries = [
    ['single precision', PHOTOGRAPHS, {}],
    ['integers alone', 2, { arithmetic: 'integer' }],
    ['double-rounding', 2, { profile: 'double-rounding' }],
  ] as const;
  for (const [title, limit, choices] of libraries) {
    it(`c, ${title}: no byte differs under sanitizers, in at most 1.25 MB of RAM`, async function () {
      const compiler = await compilerOf(this);
      const out = at('sanitized.c');
      const asked = { model: at('m.tf8'), format: 'c', out, seed: 0, ...choices };
      const { memory } = await exportModel(asked, context);
      assert.ok(memory!.arenaBytes <= 1.25e6, `${memory!.arenaBytes} bytes of arena`);
      const { images, firstDifference } = await verify(
        { file: out, data: photographs, limit, seed: 0, tier: 'auto' },
        context,
        ({ model }) => startCRuntime(out, model, context.signal, { compiler, flags: SANITIZERS }),
      );
      assert.equal(images, limit);
      assert.equal(firstDifference, undefined);
    });
  }

  /** Stores the golden vectors of an image of noise. */
  async function writtenGolden(folder: string): Promise<ReadonlyMap<string, Uint8Array>> {
    const outputs = model.nodes.map(({ name }) => name);
    const image = randomBytes(elements(model.input.shape), 3);
    using plan = planOn(model, { outputs });
    const tensors = new Map([[model.input.name, image], ...plan.run(image)]);
    await writeGolden(folder, model, (add) => add('random', tensors));
    return tensors;
  }

  it('golden vectors: a bench of C finds them in every layer of the library', async function () {
    const compiler = await compilerOf(this);
    const golden = at('golden-c');
    const [, ...layers] = (await writtenGolden(golden)).values();
    const all = layers.reduce((sum, bytes) => sum + bytes.length, 0);
    assert.equal(await benchOutput(compiler, model, golden, folder), `compared ${all}`);
  });

  it('golden vectors: NumPy reads the bytes that the executor computes', async function () {
    const golden = at('golden');
    const tensors = await writtenGolden(golden);
    const manifest = JSON.parse(await readFile(join(golden, 'manifest.json'), 'utf8'));
    const arrays = await printed(this, GOLDEN_ARRAYS, join(golden, 'image_0000'), 'golden');
    for (const { name, file, shape } of manifest.tensors) {
      assert.deepEqual(arrays[file], ['|u1', shape, sha256OfBytes(tensors.get(name)!)], name);
    }
  });

  it('npz: NumPy reads the types, shapes, values and parameters of the model', async function () {
    const out = at('m.npz');
    await exportModel({ model: at('m.tf8'), format: 'npz', out, seed: 0 }, context);
    const arrays = await printed(this, NUMPY_ARRAYS, out, 'arrays');
    for (const node of model.nodes.filter(isWeighted)) {
      const { name, weights, bias } = node;
      const hash = sha256OfBytes(weights.data);
      assert.deepEqual(arrays[`${name}/weights`], ['|u1', [...weights.shape], hash]);
      assert.deepEqual(arrays[`${name}/bias`].slice(0, 2), ['<i4', [bias.length]]);
      assert.equal(arrays[`${name}/bias`][2], sha256OfBytes(new Uint8Array(bias.buffer)));
    }
    const { tensors } = ManifestSchema.parse(JSON.parse(await readFile(`${out}.json`, 'utf8')));
    for (const { name, scale = Number.NaN, zeroPoint } of tensors) {
      const bytes = (values: Float32Array | Int32Array) => new Uint8Array(values.buffer);
      const scaleHash = sha256OfBytes(bytes(Float32Array.of(scale)));
      assert.deepEqual(arrays[`${name}/scale`], ['<f4', [], scaleHash]);
      const zeroPointHash = sha256OfBytes(bytes(Int32Array.of(zeroPoint)));
      assert.deepEqual(arrays[`${name}/zero_point`], ['<i4', [], zeroPointHash]);
    }
  });

  it('encodings: the float network is sound, and its weights become our bytes', async function () {
    const out = at('m.encodings');
    await exportModel({ ...source(), model: published, format: 'encodings', out }, context);
    const network = await printed(this, FLOAT_NETWORK, out, 'network');
    const [height, width, channels] = model.input.shape;
    assert.deepEqual(network.input, [1, channels, height, width]);
    assert.deepEqual(network.logits, [1, model.nodes.at(-1)!.output.shape[2]]);
    for (const { name, weights } of model.nodes.filter(isWeighted)) {
      const sum = weights.data.reduce((total, byte) => total + byte, 0);
      assert.equal(network.sums[`${name}/weights`], sum, name);
    }
    assert.ok(network.worst <= 1, `a weight is ${network.worst} scales away`);
  });
});
