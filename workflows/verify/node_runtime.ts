import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { messageOf, UserError } from '../../foundation/errors.ts';
import { permuteAxes } from '../../quantize/export/tensor_layout.ts';
import { option } from '../wording.ts';
import type { Runtime, RuntimeTask } from './runtime.ts';

/** Not one of our dependencies: it is used where the user has installed it. */
const PACKAGE = 'onnxruntime-node';

/** What is used of onnxruntime-node. */
export interface OnnxRuntimeNode {
  readonly version: string;
  readonly Tensor: new (type: 'uint8', data: Uint8Array, dims: readonly number[]) => Tensor;
  readonly InferenceSession: {
    create(path: string, options?: { readonly extra: object }): Promise<Session>;
  };
}
interface Tensor {
  readonly data: Uint8Array;
  readonly dims: readonly number[];
}
interface Session {
  readonly inputNames: readonly string[];
  run(feeds: Readonly<Record<string, Tensor>>): Promise<Readonly<Record<string, Tensor>>>;
  release(): Promise<void>;
}

/**
 * Starts ONNX Runtime for Node.
 * @param shape of an image
 * @param load gives the package
 * @throws UserError where it is not installed
 */
export async function startNodeRuntime(
  task: RuntimeTask,
  shape: readonly [number, number, number],
  load: () => Promise<OnnxRuntimeNode> = loadPackage,
): Promise<Runtime> {
  const runtime = await load();
  const { InferenceSession } = runtime;
  const options = task.sessionConfig && { extra: nested(task.sessionConfig) };
  const whole = await InferenceSession.create(task.file, options);
  const layered = await InferenceSession.create(task.layersFile, options);
  return {
    name: `ONNX Runtime ${runtime.version} for Node`,
    async run(image) {
      const feeds = { [whole.inputNames[0]]: new runtime.Tensor('uint8', image, [1, ...shape]) };
      const results = await layered.run(feeds);
      const tensors = new Map(
        task.layers.map((name) => {
          const { data, dims } = results[name];
          return [name, permuteAxes(data, dims, [0, 2, 3, 1])] as const;
        }),
      );
      const outputs = await whole.run(feeds);
      for (const name of task.outputs) tensors.set(name, outputs[name].data);
      return tensors;
    },
    async close() {
      await Promise.all([whole.release(), layered.release()]);
    },
  };
}

/** Entries by the parts of their names, as onnxruntime-node takes them: "session.a" is { session: { a } }. */
function nested(entries: Readonly<Record<string, string>>): object {
  const whole: Record<string, Record<string, string>> = {};
  for (const [name, value] of Object.entries(entries)) {
    const [area, ...rest] = name.split('.');
    whole[area] = { ...whole[area], [rest.join('.')]: value };
  }
  return whole;
}

async function loadPackage(): Promise<OnnxRuntimeNode> {
  try {
    const { Tensor, InferenceSession } = await import(PACKAGE);
    const path = createRequire(import.meta.url).resolve(`${PACKAGE}/package.json`);
    const { version } = JSON.parse(await readFile(path, 'utf8'));
    return { version, Tensor, InferenceSession };
  } catch (error) {
    throw new UserError(`Expected the package ${PACKAGE} but: ${messageOf(error)}`, {
      remedy: `Install it with "npm install --no-save ${PACKAGE}", or take ${option('runtime', 'onnxruntime')}.`,
    });
  }
}
