import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, UserError } from '../../foundation/errors.ts';
import { sha256OfFile } from '../../foundation/hashes/sha256.ts';
import { SET_UP } from '../../foundation/repository.ts';
import { GPU_WHEEL, installCuda, nvidiaDriver, requireGpu } from './gpu.ts';
import { installLibtensorflow, OFFICIAL, unpackedFrom, WHEEL } from './libtensorflow.ts';
import { probeTfjsNode } from './probe_tfjs_node.ts';
import type { SetupContext, SetupStep } from './step.ts';
import { compileBinding, installPrebuiltBinding, requireBuildTools } from './tfjs_binding.ts';
import {
  bindingPath,
  readTfjsNodeRecord,
  TFJS_ROUTES,
  type TfjsNodeRecord,
  type TfjsRoute,
  tfjsNodeFolder,
  writeTfjsNodeRecord,
} from './tfjs_node_record.ts';

/** The routes that TF8_SETUP_TFJS names ("official,wheel" unless it is set). */
export function chosenRoutes(value: string | undefined): TfjsRoute[] {
  if (value === undefined || value === '') return [...TFJS_ROUTES];
  if (value === 'none') return [];
  return value.split(',').map((name) => {
    const route = TFJS_ROUTES.find((known) => known === name.trim());
    if (route !== undefined) return route;
    throw new UserError(
      `Expected "official", "wheel", both with a comma, or "none" for TF8_SETUP_TFJS but received "${value}".`,
      { remedy: 'Unset TF8_SETUP_TFJS, or give it one of these values.' },
    );
  });
}

type Outcome = Pick<TfjsNodeRecord, 'libtensorflow' | 'binding' | 'bindingSha256'>;

type AnyRoute = TfjsRoute | 'gpu';

/** Each route ends with a tfjs-node that has loaded and computed, or throws the reason. */
const ROUTES: Readonly<Record<AnyRoute, (context: SetupContext) => Promise<Outcome>>> = {
  /** The library that tfjs-node's installer takes; its binding compiled, else prebuilt. */
  async official(context) {
    const platform = `${process.platform}-${process.arch}`;
    const source = OFFICIAL[platform]?.();
    if (source === undefined) throw new Error(`no official library is pinned for ${platform}`);
    await installLibtensorflow(source, depsFolder(context.project), context);
    try {
      await compileBinding(context);
      return { ...(await verified(context)), binding: 'compiled' };
    } catch (error) {
      context.signal.throwIfAborted();
      context.reporter.info(`The binding of tfjs-node was not compiled: ${messageOf(error)}.`);
      await installPrebuiltBinding(context);
      return { ...(await verified(context)), binding: 'prebuilt' };
    }
  },

  /** The library of the tensorflow-cpu package, with the binding compiled against it. */
  async wheel(context) {
    const platform = `${process.platform}-${process.arch}`;
    if (platform !== 'linux-x64')
      throw new Error(`the pinned package is for linux-x64, not ${platform}`);
    await requireBuildTools(context.signal); // before 200 MB are fetched in vain
    await installLibtensorflow(WHEEL, depsFolder(context.project), context);
    await compileBinding(context);
    return { ...(await verified(context)), binding: 'compiled' };
  },

  /** The library of the tensorflow package and CUDA's, with the binding compiled against it. */
  async gpu(context) {
    await requireBuildTools(context.signal);
    const deps = depsFolder(context.project);
    await installLibtensorflow(GPU_WHEEL, deps, context);
    await installCuda(deps, context);
    await compileBinding(context);
    return { ...(await verified(context)), binding: 'compiled' };
  },
};

function depsFolder(project: string): string {
  return join(tfjsNodeFolder(project), 'deps');
}

/** How a library that is there already came; "found" where somebody else put it there. */
async function routeOfLibrary(project: string): Promise<AnyRoute | 'found'> {
  const sha256 = await unpackedFrom(depsFolder(project));
  if (sha256 === GPU_WHEEL.route.sha256) return 'gpu';
  if (sha256 === WHEEL.route.sha256) return 'wheel';
  return sha256 === undefined ? 'found' : 'official';
}

async function verified({ project, signal }: SetupContext): Promise<Outcome> {
  const probe = await probeTfjsNode(project, signal);
  if ('error' in probe)
    throw new Error(`tfjs-node was installed but does not load: ${probe.error}`);
  return { libtensorflow: probe.version, bindingSha256: await sha256OfFile(bindingPath(project)) };
}

/** What works and what does not without tfjs-node, and what to do. */
export function missingTfjsNotice(record: TfjsNodeRecord): string {
  const reasons = record.failures.map(({ route, reason }) => `  - ${route}: ${reason}`);
  const tried = ['What was tried:', ...reasons, `Mend one of these, then run "${SET_UP}".`];
  return [
    'tfjs-node is not installed: training will be some hundred times slower.',
    'Evaluation, quantization and classification work without it; float networks then run on WebAssembly, slower.',
    ...(reasons.length > 0 ? tried : ['TF8_SETUP_TFJS=none left it out.']),
  ].join('\n');
}

/** Who asks for GPUs gets them or the reason, and no other library instead. */
function withoutGpu(error: unknown): UserError {
  return new UserError(`TensorFlow's library for GPUs could not be set up: ${messageOf(error)}`, {
    remedy: `Mend it and try again, or run "${SET_UP}" for the one of processors.`,
    cause: error,
  });
}

/**
 * Gets tfjs-node by the first route that works; without any, the set-up goes on with a notice. For GPUs
 * there is one route, which works or ends it.
 */
export const TFJS_NODE_STEP: SetupStep = {
  name: 'tfjs-node',

  async isDone({ project, retry, gpu }) {
    const record = await readTfjsNodeRecord(project);
    if (record === undefined || (gpu && record.route !== 'gpu')) return false;
    return record.route === 'none' ? !retry : existsSync(bindingPath(project));
  },

  async run(context) {
    const { project, reporter, signal, gpu } = context;
    if (gpu) requireGpu(await nvidiaDriver(), gpu === 'forced');
    const routes = gpu ? (['gpu'] as const) : chosenRoutes(process.env.TF8_SETUP_TFJS);
    if (!gpu && routes.length > 0 && existsSync(bindingPath(project))) {
      const probe = await probeTfjsNode(project, signal);
      if ('version' in probe) {
        const route = await routeOfLibrary(project);
        await writeTfjsNodeRecord(project, { route, libtensorflow: probe.version, failures: [] });
        return;
      }
    }
    const failures: TfjsNodeRecord['failures'] = [];
    for (const route of routes) {
      try {
        const outcome = await ROUTES[route](context);
        await writeTfjsNodeRecord(project, { route, ...outcome, failures });
        reporter.info(`tfjs-node works, with libtensorflow ${outcome.libtensorflow} (${route}).`);
        return;
      } catch (error) {
        signal.throwIfAborted();
        if (gpu) throw withoutGpu(error);
        failures.push({ route, reason: messageOf(error) });
      }
    }
    const record: TfjsNodeRecord = { route: 'none', failures };
    await writeTfjsNodeRecord(project, record);
    reporter.warn(missingTfjsNotice(record));
  },
};
