/** A model of the suite in ONNX Runtime, and how long it takes there, in LiteRT and in our executor. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '../../foundation/errors.ts';
import { pythonEnvironment, RUNTIMES } from '../../foundation/python/python_environment.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import { Tf8Plan } from '../../quantize/execute/plan.ts';
import { selectKernels } from '../../quantize/kernels/select.ts';
import type { Tf8Model } from '../../quantize/model/tf8_model.ts';
import { exportModel } from '../../workflows/export/export.ts';
import { openFloatModel } from '../../workflows/open/open_model.ts';
import { eachQuantizedImage } from '../../workflows/open/quantized_images.ts';
import { quantizeModel } from '../../workflows/quantize/quantize.ts';
import type { ModelsRecord } from '../../workflows/records/models_record.ts';
import { verify } from '../../workflows/verify/verify.ts';
import { type Caller, caller, latencyOf, timeCalls } from '../executor/calls.ts';
import { pythonRuntimes, RuntimePeer } from '../peers/runtime_peer.ts';
import type { QuantizedImages } from '../peers/runtimes/network_loader.ts';
import { takeTurns } from '../rounds.ts';
import { countedBytes, exportToLiteRt, SEED } from './exported.ts';
import { refusalOf } from './measure_model.ts';
import type { Photographs } from './measure_tf8.ts';

type Row = ModelsRecord['opened'][number];
type Runtime = Exclude<keyof NonNullable<Row['milliseconds']>, 'tf8'>;

const SINGLE = { threads: 1, batch: 1 } as const;
const ROUNDS = 5;
const SECONDS_OF_TURN = 0.1;

/** By our exports, as the peers' process names them. */
const FILES = {
  liteRt: { runtime: 'litert', file: 'model.tflite' },
  onnxRuntime: { runtime: 'onnxruntime', file: 'model.onnx' },
} as const satisfies Record<Runtime, object>;

/** Quantizes the model at `path` as `measureTf8` does, and runs its exports. */
export async function measureRuntimes(
  path: string,
  { dataset, dir, images, litertImages: limit }: Photographs,
  context: Context,
): Promise<Pick<Row, 'onnxRuntime' | 'milliseconds'>> {
  const folder = await mkdtemp(join(tmpdir(), 'tf8-models-'));
  try {
    const opened = await openFloatModel(path, context);
    const source = { dataset, images, seed: SEED, skip: 0 };
    const { model } = await quantizeModel(opened, 'keep', source, context).finally(() =>
      opened.dispose(),
    );
    const { tf8 } = await exportToLiteRt(model, folder, context);
    const onnxRuntime = await comparedInOnnx(tf8, join(folder, FILES.onnxRuntime.file), {
      options: { dataset: dataset.name, data: dir, limit, seed: SEED, tier: 'auto' },
      path,
      context,
    });
    const image = await oneImage(model, dataset, context);
    const ready = Object.keys(FILES).filter(
      (name) => name !== 'onnxRuntime' || !('reason' in onnxRuntime),
    ) as Runtime[];
    return { onnxRuntime, milliseconds: await timed(model, image, folder, ready, context) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What differs of a model's export to ONNX, or why it cannot be exported or run. */
async function comparedInOnnx(
  tf8: string,
  file: string,
  {
    options,
    path,
    context,
  }: {
    readonly options: Omit<Parameters<typeof verify>[0], 'file'>;
    readonly path: string;
    readonly context: Context;
  },
): Promise<NonNullable<Row['onnxRuntime']>> {
  try {
    await exportModel({ model: tf8, format: 'onnx', out: file, seed: SEED }, context);
    const verified = await verify({ ...options, file }, context);
    const most = Math.max(...verified.layers.map(({ maxDifference }) => maxDifference));
    return { ...countedBytes(verified), most };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { reason: refusalOf(error, path) };
  }
}

async function oneImage(model: Tf8Model, dataset: Photographs['dataset'], context: Context) {
  const found: Uint8Array[] = [];
  const choice = { limit: 1, seed: SEED, label: model.name, purpose: 'time' };
  await eachQuantizedImage(model, dataset, choice, context, async (_, image) => {
    found.push(image.slice());
  });
  return found[0];
}

/** The runtimes take turns with our executor on one image, one thread each. */
async function timed(
  model: Tf8Model,
  image: Uint8Array,
  folder: string,
  runtimes: readonly Runtime[],
  { reporter, signal, cacheDir }: Context,
): Promise<NonNullable<Row['milliseconds']>> {
  const path = join(folder, 'image.bin');
  await writeFile(path, image);
  const shape = [1, ...model.input.shape] as const;
  const images: QuantizedImages = { path, shape, ...model.input.quantization };
  const python = await pythonEnvironment(RUNTIMES, { reporter, signal, cacheDir });
  const peer = new RuntimePeer(pythonRuntimes(python, 'The process of the runtimes'), signal);
  using plan = new Tf8Plan(model, { kernels: selectKernels('auto').kernels, threads: 1 });
  try {
    const callers: Caller[] = [
      caller('tf8', SINGLE, async (seconds) => timeCalls(() => plan.run(image), seconds)),
    ];
    for (const name of runtimes) {
      const { runtime, file } = FILES[name];
      try {
        await peer.load({ id: name, runtime, model: join(folder, file), ...SINGLE, images });
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        reporter.warn(error.message);
        continue;
      }
      callers.push(caller(name, SINGLE, (seconds) => peer.round(name, seconds)));
    }
    const turns = await takeTurns(callers, { rounds: ROUNDS, seconds: SECONDS_OF_TURN, signal });
    const figures = callers.map(({ name, owner }) => [
      owner,
      Number(latencyOf(turns.get(name)!).medianMs.toFixed(3)),
    ]);
    return Object.fromEntries(figures) as NonNullable<Row['milliseconds']>;
  } finally {
    peer.close();
  }
}
