import assert from 'node:assert/strict';
import { appendFile, cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Tf8Plan } from '../../../quantize/execute/plan.ts';
import { exportedOutputs } from '../../../quantize/export/tensor_names.ts';
import { REFERENCE_KERNELS } from '../../../quantize/kernels/reference.ts';
import { outputNode } from '../../../quantize/model/tf8_model.ts';
import { showVerification } from '../../../scripts/commands/verify.ts';
import { exportModel } from '../../../workflows/export/export.ts';
import { type Exported, openRuntime } from '../../../workflows/verify/open_runtime.ts';
import type { Runtime } from '../../../workflows/verify/runtime.ts';
import { type VerifyOptions, verify } from '../../../workflows/verify/verify.ts';
import { contextOf, picture, saveTinyModel, writeImage } from '../../scripts/support.ts';

const IMAGES = 3;

describe('verify', () => {
  let folder: string;
  let options: VerifyOptions;
  const at = (name: string) => join(folder, name);

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tf8-verify-'));
    await saveTinyModel(at('model'), 1001);
    for (let index = 0; index < IMAGES; index++) {
      await writeImage(at('images'), index, `${index}.png`, await picture(index));
    }
    const images = { calibrationData: at('images'), seed: 0 };
    const model = { ...images, model: at('model'), recipe: 'as-published' };
    await exportModel({ ...model, format: 'tflite', out: at('m.tflite') }, contextOf());
    options = {
      file: at('m.tflite'),
      data: at('images'),
      limit: IMAGES,
      seed: 0,
      tier: 'reference',
    };
  });

  after(() => rm(folder, { recursive: true, force: true }));

  /** A runtime that computes as we do, and then changes the tensors of the n-th image. */
  const runtime =
    (change: (tensors: Map<string, Uint8Array>, image: number) => void = () => {}) =>
    async ({ model }: Exported): Promise<Runtime> => {
      const outputs = model.nodes.map(({ name }) => name);
      const plan = new Tf8Plan(model, { kernels: REFERENCE_KERNELS, outputs });
      let images = 0;
      return {
        name: 'Fake 1.0',
        run: async (image) => {
          const tensors = new Map(
            [...plan.run(image)].map(([name, bytes]) => [name, bytes.slice()] as const),
          );
          tensors.set(exportedOutputs(model)[0].name, tensors.get(outputNode(model).name)!.slice());
          change(tensors, images++);
          return tensors;
        },
        close: async () => {},
      };
    };

  it('compares every byte of every layer and of the output', async () => {
    const result = await verify(options, contextOf(), runtime());
    assert.deepEqual(
      [result.format, result.runtime, result.images, result.skipped, result.top1Agreement],
      ['tflite', 'Fake 1.0', IMAGES, 0, 100],
    );
    assert.equal(result.layers.length, 30);
    assert.deepEqual(result.layers[0], {
      name: 'Conv2d_0',
      elements: IMAGES * 16 * 16 * 8,
      differing: 0,
      maxDifference: 0,
    });
    assert.equal(result.layers.at(-1)!.name, 'logits');
    assert.equal(result.firstDifference, undefined);
    assert.match(
      showVerification(result),
      /every byte of every layer is the same\ntop-1 agrees on 100\.0 %/,
    );
  });

  it('tells the first difference, and on how many images the first class agrees', async () => {
    const result = await verify(
      options,
      contextOf(),
      runtime((tensors, image) => {
        if (image !== 1) return;
        tensors.get('Conv2d_1_depthwise')![0] ^= 2;
        tensors.get('logits')!.fill(0);
        tensors.get('logits')![1000] = 255;
      }),
    );
    const { layer, coordinate, ours, theirs } = result.firstDifference!;
    assert.deepEqual([layer, coordinate], ['Conv2d_1_depthwise', [0, 0, 0]]);
    assert.equal(Math.abs(ours - theirs), 2);
    const changed = result.layers.filter(({ differing }) => differing > 0);
    assert.deepEqual(
      changed.map(({ name }) => name),
      ['Conv2d_1_depthwise', 'logits'],
    );
    assert.equal(result.top1Agreement, (100 * (IMAGES - 1)) / IMAGES);
    assert.match(
      showVerification(result),
      /first difference: .+, Conv2d_1_depthwise at \[0, 0, 0\] \(y, x, channel\): ours \d+, theirs \d+/,
    );
  });

  it('says why bytes differ where the runtime rounds otherwise', async () => {
    const differs = runtime((tensors) => {
      tensors.get('Conv2d_0')![0] ^= 1;
    });
    const profile = 'shift-round' as const;
    const result = await verify({ ...options, profile }, contextOf(), differs);
    assert.equal(
      result.explanation,
      "litert rounds as f32-multiply-round-half-even, our executor as shift-round: `profile: 'f32-multiply-round-half-even'` compares with the rounding of litert.",
    );
    assert.match(showVerification(result), /litert rounds as/);
    assert.equal((await verify(options, contextOf(), differs)).explanation, undefined);
  });

  it('takes entries of a session for ONNX Runtime alone', async () => {
    const sessionConfig = { 'session.qdqisint8allowed': '1' };
    await assert.rejects(verify({ ...options, sessionConfig }, contextOf()), {
      name: 'UserError',
      message:
        'Expected ONNX Runtime as the runtime where `sessionConfig` is given but it is litert',
    });
  });

  it('writes into the manifest what it found', async () => {
    await verify(options, contextOf(), runtime());
    const manifest = JSON.parse(await readFile(at('m.tflite.json'), 'utf8'));
    assert.equal(manifest.verified.length, 1);
    const { runtime: name, images, differing, top1Agreement } = manifest.verified[0];
    assert.deepEqual([name, images, differing, top1Agreement], ['Fake 1.0', IMAGES, 0, 100]);
  });

  it('needs no manifest', async () => {
    await cp(at('m.tflite'), at('alone.tflite'));
    const result = await verify({ ...options, file: at('alone.tflite') }, contextOf(), runtime());
    assert.equal(result.images, IMAGES);
  });

  it('refuses a file that its manifest does not describe', async () => {
    await cp(at('m.tflite'), at('changed.tflite'));
    const manifest = await readFile(at('m.tflite.json'), 'utf8');
    await writeFile(at('changed.tflite.json'), manifest.replace('m.tflite', 'changed.tflite'));
    await appendFile(at('changed.tflite'), 'x');
    await assert.rejects(
      verify({ ...options, file: at('changed.tflite') }, contextOf(), runtime()),
      {
        name: 'UserError',
        message: `Expected the file that the manifest ${at('changed.tflite')}.json describes but ${at('changed.tflite')} is another`,
        remedy: 'Export the model again, or remove the manifest.',
      },
    );
  });

  it('refuses a manifest that is another file', async () => {
    await cp(at('m.tflite'), at('other.tflite'));
    await writeFile(at('other.tflite.json'), '{}');
    await assert.rejects(verify({ ...options, file: at('other.tflite') }, contextOf(), runtime()), {
      name: 'UserError',
      message: `Expected the manifest of an export but ${at('other.tflite.json')} is another file`,
    });
  });

  it('refuses a file that is not there', async () => {
    await assert.rejects(verify({ ...options, file: at('nowhere') }, contextOf(), runtime()), {
      name: 'UserError',
      message: /^Expected to read the file .+nowhere but there is no such file/,
    });
  });

  it('refuses what is no file of a bounded size', async () => {
    await assert.rejects(verify({ ...options, file: '/dev/zero' }, contextOf(), runtime()), {
      name: 'UserError',
      message: 'Expected a file at /dev/zero but it is of another kind',
    });
  });

  it('refuses images of which none can be read', async () => {
    await writeImage(at('broken'), 0, '0.png', 'no image');
    await assert.rejects(verify({ ...options, data: at('broken') }, contextOf(), runtime()), {
      name: 'UserError',
      message: 'Expected images to verify with but imagenet has none that can be read',
    });
  });

  it('refuses a runtime of another format', async () => {
    await assert.rejects(verify({ ...options, runtime: 'onnxruntime' }, contextOf(), openRuntime), {
      name: 'UserError',
      message: `Expected litert as the runtime of ${at('m.tflite')}, which is tflite, but received onnxruntime`,
    });
  });
});
