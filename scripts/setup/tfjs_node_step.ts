import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, UserError } from '../../foundation/errors.ts';
import { sha256OfFile } from '../../foundation/hashes/sha256.ts';
import { installLibtensorflow, OFFICIAL, unpackedFrom, WHEEL } from './libtensorflow.ts';
import { probeTfjsNode } from './probe_tfjs_node.ts';
import type { SetupContext, Step } from './step.ts';
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

/** Each route ends with a tfjs-node that has loaded and computed, or throws the reason. */
const ROUTES: Readonly<Record<TfjsRoute, (context: SetupContext) => Promise<Outcome>>> = {
  /** The library that tfjs-node's installer takes; its binding compiled, else prebuilt. */
  async official(context) {
    const platform = `${process.platform}-${process.arch}`;
    const source = OFFICIAL[platform]?.();
    if (source === undefined) throw new Error(`no official library is pinned for ${platform}`);
    await installLibtensorflow(source, depsFolder(context.root), context);
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
    await installLibtensorflow(WHEEL, depsFolder(context.root), context);
    await compileBinding(context);
    return { ...(await verified(context)), binding: 'compiled' };
  },
};

function depsFolder(root: string): string {
  return join(tfjsNodeFolder(root), 'deps');
}

/** How a library that is there already came; "found" where somebody else put it there. */
async function routeOfLibrary(root: string): Promise<TfjsRoute | 'found'> {
  const sha256 = await unpackedFrom(depsFolder(root));
  if (sha256 === WHEEL.route.sha256) return 'wheel';
  return sha256 === undefined ? 'found' : 'official';
}

async function verified({ root, signal }: SetupContext): Promise<Outcome> {
  const probe = await probeTfjsNode(root, signal);
  if ('error' in probe)
    throw new Error(`tfjs-node was installed but does not load: ${probe.error}`);
  return { libtensorflow: probe.version, bindingSha256: await sha256OfFile(bindingPath(root)) };
}

/** What works and what does not without tfjs-node, and what to do. */
export function missingTfjsNotice(record: TfjsNodeRecord): string {
  const reasons = record.failures.map(({ route, reason }) => `  - ${route}: ${reason}`);
  const tried = ['What was tried:', ...reasons, 'Mend one of these, then run "npm run setup".'];
  return [
    'tfjs-node is not installed: training will be some hundred times slower.',
    'Evaluation, quantization and classification work without it; float networks then run on WebAssembly, slower.',
    ...(reasons.length > 0 ? tried : ['TF8_SETUP_TFJS=none left it out.']),
  ].join('\n');
}

/** Gets tfjs-node by the first route that works; without any, the set-up goes on with a notice. */
export const TFJS_NODE_STEP: Step = {
  name: 'tfjs-node',

  async isDone({ root, retry }) {
    const record = await readTfjsNodeRecord(root);
    if (record === undefined) return false;
    return record.route === 'none' ? !retry : existsSync(bindingPath(root));
  },

  async run(context) {
    const { root, reporter, signal } = context;
    const routes = chosenRoutes(process.env.TF8_SETUP_TFJS);
    if (routes.length > 0 && existsSync(bindingPath(root))) {
      const probe = await probeTfjsNode(root, signal);
      if ('version' in probe) {
        const route = await routeOfLibrary(root);
        await writeTfjsNodeRecord(root, { route, libtensorflow: probe.version, failures: [] });
        return;
      }
    }
    const failures: TfjsNodeRecord['failures'] = [];
    for (const route of routes) {
      try {
        const outcome = await ROUTES[route](context);
        await writeTfjsNodeRecord(root, { route, ...outcome, failures });
        reporter.info(`tfjs-node works, with libtensorflow ${outcome.libtensorflow} (${route}).`);
        return;
      } catch (error) {
        signal.throwIfAborted();
        failures.push({ route, reason: messageOf(error) });
      }
    }
    const record: TfjsNodeRecord = { route: 'none', failures };
    await writeTfjsNodeRecord(root, record);
    reporter.warn(missingTfjsNotice(record));
  },
};
