import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import fc from 'fast-check';
import { FRIENDLY } from '../../architectures/variants.ts';
import { openDataset } from '../../datasets/open_dataset.ts';
import { UserError } from '../../foundation/errors.ts';
import { cacheDir } from '../../foundation/files/cache_dir.ts';
import { runCommand } from '../../foundation/processes/run_command.ts';
import { pythonEnvironment, RUNTIMES } from '../../foundation/python/python_environment.ts';
import { Tf8Plan } from '../../quantize/execute/plan.ts';
import { exportFormat } from '../../quantize/export/formats.ts';
import { type Manifest, ManifestSchema } from '../../quantize/export/manifest.ts';
import { exportedOutputs } from '../../quantize/export/tensor_names.ts';
import { REFERENCE_KERNELS } from '../../quantize/kernels/reference.ts';
import { encodeTf8 } from '../../quantize/model/tf8_file.ts';
import type { Tf8Model } from '../../quantize/model/tf8_model.ts';
import { DEFAULT_ROUNDING, type RoundingName } from '../../quantize/params/roundings.ts';
import { exportModel } from '../../workflows/export/export.ts';
import { quantize } from '../../workflows/quantize/quantize.ts';
import { rearchitect } from '../../workflows/rearchitect/rearchitect.ts';
import { openRuntime } from '../../workflows/verify/open_runtime.ts';
import { verify } from '../../workflows/verify/verify.ts';
import { randomBytes } from '../quantize/kernels/make_call.ts';
import {
  randomModels,
  randomModelsOfOutputs,
  withoutSums,
} from '../quantize/model/random_models.ts';
import { contextOf } from '../scripts/support.ts';
import { inFolder } from '../support/in_folder.ts';
import { needsTensorFlow } from '../support/needs_tensorflow.ts';
import { publishedModel } from '../support/published_model.ts';
import { sharedFolder, skip } from '../support/skip.ts';

const RANDOM_MODELS = 30;
/** And such with several outputs. */
const WITH_OUTPUTS = 10;
const IMAGES = 5;
const PHOTOGRAPHS = 50;

/** Prints what LiteRT's interpreter says of every tensor. */
const LITERT_TENSORS = `
import json, sys
from ai_edge_litert.interpreter import Interpreter
interpreter = Interpreter(model_path=sys.argv[1])
interpreter.allocate_tensors()
print("tensors", json.dumps({
  tensor["name"]: [tensor["dtype"].__name__, [int(side) for side in tensor["shape"]],
                   [float(scale) for scale in tensor["quantization_parameters"]["scales"]],
                   [int(zero) for zero in tensor["quantization_parameters"]["zero_points"]]]
  for tensor in interpreter.get_tensor_details()}))
`;

const CHECK_ONNX = `
import onnx, sys
onnx.checker.check_model(onnx.load(sys.argv[1]), full_check=True)
`;

type LiteRtTensors = Readonly<
  Record<string, readonly [type: string, shape: number[], scales: number[], zeroPoints: number[]]>
>;

describe('an export in its real runtime', function () {
  this.timeout(30 * 60_000);
  const context = { ...contextOf(), cacheDir: cacheDir() };
  let python: string;

  before(async function () {
    try {
      python = await pythonEnvironment(RUNTIMES, context);
    } catch (error) {
      if (error instanceof UserError) skip(this, error.message);
      throw error;
    }
  });

  const models = [
    ...fc.sample(randomModels({ withEveryOp: true }), { seed: 8, numRuns: RANDOM_MODELS }),
    ...fc.sample(randomModelsOfOutputs({ withEveryOp: true }), { seed: 8, numRuns: WITH_OUTPUTS }),
  ];

  async function written(model: Tf8Model, format: string, folder: string) {
    const path = join(folder, `m.${format}`);
    const [file] = exportFormat(format).encode({
      model,
      tf8: await encodeTf8(model),
      fileName: basename(path),
    });
    await writeFile(path, file.bytes);
    return { path, bytes: file.bytes, format, model };
  }

  for (const format of ['tflite', 'onnx']) {
    it(`${format}: ${RANDOM_MODELS + WITH_OUTPUTS} random models give our bytes in every layer`, () =>
      inFolder(async (folder) => {
        for (const model of format === 'onnx' ? models.map(withoutSums) : models) {
          const runtime = await openRuntime(
            await written(model, format, folder),
            undefined,
            context,
          );
          const outputs = model.nodes.map(({ name }) => name);
          const plan = new Tf8Plan(model, { kernels: REFERENCE_KERNELS, outputs });
          const [height, width, channels] = model.input.shape;
          for (let seed = 0; seed < IMAGES; seed++) {
            const image = randomBytes(height * width * channels, seed);
            const theirs = await runtime.run(image);
            const ours = plan.run(image);
            for (const [name, bytes] of ours) {
              assert.deepEqual([...theirs.get(name)!], [...bytes], `${model.name}: ${name}`);
            }
            for (const { node, name } of exportedOutputs(model)) {
              assert.deepEqual([...theirs.get(name)!], [...ours.get(node)!], name);
            }
          }
          await runtime.close();
        }
      }));
  }

  it('onnx: the checker of ONNX accepts random models', () =>
    inFolder(async (folder) => {
      for (const model of models.slice(0, 5).map((each) => ({ ...each, name: 'random' }))) {
        const { path } = await written(model, 'onnx', folder);
        const { exitCode, output } = await runCommand(python, ['-I', '-c', CHECK_ONNX, path]);
        assert.equal(exitCode, 0, output);
      }
    }));

  describe('of the published MobileNet', () => {
    let photographs: string;
    let published: string;

    before(async function () {
      published = await publishedModel(this);
      photographs = sharedFolder(this, 'imagenet-samples/images');
    });

    for (const recipe of ['as-published', 'option-1', 'best']) {
      it(`${recipe}: no byte differs on ${PHOTOGRAPHS} photographs`, () =>
        inFolder((folder) => givesOurBytes(published, recipe, folder)));
    }

    it(`rebuilt as a friendly one: no byte differs on ${PHOTOGRAPHS} photographs`, async function () {
      await needsTensorFlow.call(this);
      await inFolder(async (folder) => {
        const friendly = join(folder, 'friendly');
        const dataset = await openDataset('imagenet', { ...context, dir: photographs });
        const rebuilding = { model: published, variant: FRIENDLY, dataset, images: 40, seed: 0 };
        await rearchitect({ ...rebuilding, out: friendly }, context);
        await givesOurBytes(friendly, 'as-published', folder);
      });
    });

    it('power-of-two in LiteRT: ties are rounded otherwise; by its own rounding no byte differs', () =>
      inFolder(async (folder) => {
        const tf8 = join(folder, 'm.tf8');
        const source = { model: published, calibrationData: photographs, calibrationImages: 50 };
        const chosen = { recipe: 'best', profile: 'power-of-two' } as const;
        await quantize({ ...source, ...chosen, seed: 0, out: tf8 }, context);
        const file = join(folder, 'm.tflite');
        await exportModel({ model: tf8, format: 'tflite', out: file, seed: 0 }, context);
        const images = { data: photographs, limit: PHOTOGRAPHS, seed: 0 };
        const result = await verify({ file, ...images, tier: 'auto' }, context);
        assert.match(result.explanation!, /litert rounds as f32-multiply-round-half-even/);
        const [first, ...others] = result.layers;
        assert.equal(first.maxDifference, 1);
        assert.ok(first.differing < 0.02 * first.elements);
        assert.ok(others.at(-1)!.maxDifference <= 3);
        assert.equal(result.top1Agreement, 100);
        await verified(file, PHOTOGRAPHS, DEFAULT_ROUNDING);
      }));

    it('Option 1 in ONNX Runtime: no byte differs on all photographs', () =>
      inFolder(async (folder) => {
        const out = join(folder, 'm.onnx');
        await exportModel(
          {
            model: published,
            zeroVariance: 'mean',
            seed: 0,
            calibrationData: photographs,
            calibrationImages: 200,
            format: 'onnx',
            out,
          },
          context,
        );
        await verified(out, 500);
      }));

    async function givesOurBytes(model: string, recipe: string, folder: string): Promise<void> {
      const tf8 = join(folder, 'm.tf8');
      const source = { model, calibrationData: photographs, seed: 0 };
      await quantize({ ...source, recipe, calibrationImages: 50, out: tf8 }, context);
      for (const format of ['tflite', 'onnx']) {
        const out = join(folder, `m.${format}`);
        await exportModel({ model: tf8, format, out, seed: 0 }, context);
        await verified(out, PHOTOGRAPHS);
        if (format === 'tflite') await agreesWithLiteRt(out);
      }
    }

    async function verified(file: string, limit: number, profile?: RoundingName): Promise<void> {
      const images = { data: photographs, limit, seed: 0 };
      const result = await verify({ file, ...images, tier: 'auto', profile }, context);
      assert.equal(result.images, limit);
      assert.equal(result.firstDifference, undefined);
      assert.equal(result.top1Agreement, 100);
    }

    /** Shapes, types and parameters of the manifest are those that LiteRT reads. */
    async function agreesWithLiteRt(path: string): Promise<void> {
      const run = await runCommand(python, ['-I', '-c', LITERT_TENSORS, path]);
      assert.equal(run.exitCode, 0, run.output);
      const theirs = JSON.parse(/^tensors (.*)$/m.exec(run.output)![1]) as LiteRtTensors;
      const { tensors } = ManifestSchema.parse(JSON.parse(await readFile(`${path}.json`, 'utf8')));
      for (const tensor of tensors) {
        const { name, type, scale, zeroPoint } = tensor;
        assert.deepEqual(theirs[name], [type, litertShape(tensor), [scale], [zeroPoint]], name);
      }
    }
  });
});

/** TF8's [H, W, C] is LiteRT's [1, H, W, C]; weights [kh, kw, C, M] are [M, kh, kw, C]. */
function litertShape({ name, shape }: Manifest['tensors'][number]): readonly number[] {
  if (shape.length === 1) return shape;
  if (!name.endsWith('/weights')) return [1, ...shape];
  const [height, width, depth, last] = shape as [number, number, number, number];
  return name.includes('depthwise')
    ? [1, height, width, depth * last]
    : [last, height, width, depth];
}
