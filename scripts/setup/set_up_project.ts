import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../../foundation/errors.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import { isCheckout, projectRoot, repositoryRoot, SET_UP } from '../../foundation/repository.ts';
import { CLUSTER_STEP } from './cluster_step.ts';
import { installPackages } from './install_packages.ts';
import { NATIVE_FILE, NATIVE_STEP } from './native_step.ts';
import { readTfjsNodeRecord, type TfjsNodeRecord } from './tfjs_node_record.ts';
import { TFJS_NODE_STEP } from './tfjs_node_step.ts';

export interface ProjectSetup {
  /** The project's folder. */
  readonly project: string;
  /** The packages that were installed, with their versions. */
  readonly installed: readonly string[];
  readonly nativeKernels: boolean;
  /** How tfjs-node got its TensorFlow library; "none" where it did not. */
  readonly tfjsNode: TfjsNodeRecord['route'];
  readonly libtensorflow: string | null;
}

/**
 * Brings what an installed tf8 came without: its optional packages, tfjs-node's TensorFlow library and
 * the native kernels. What is there already is left alone; an interrupted set-up can be started again.
 *
 * @param gpu see `SetupContext`
 * @throws UserError in a checkout, where GPUs are asked for that cannot be used, and where the packages cannot be installed
 */
export async function setUpProject(
  context: Context,
  gpu?: boolean | 'forced',
): Promise<ProjectSetup> {
  const root = repositoryRoot();
  if (isCheckout(root)) {
    throw new UserError(`Expected tf8 installed in a project but ${root} is a checkout.`, {
      remedy: `Run "${SET_UP}" there.`,
    });
  }
  const project = projectRoot(root);
  const installed = await installPackages({ project, ...context });
  const setup = { root, project, ...context, retry: true, gpu };
  await mkdir(join(project, 'node_modules', '.tf8'), { recursive: true });
  for (const step of [NATIVE_STEP, TFJS_NODE_STEP, CLUSTER_STEP]) {
    context.signal.throwIfAborted();
    if (!(await step.isDone(setup))) await step.run(setup);
  }
  const record = await readTfjsNodeRecord(project);
  return {
    project,
    installed,
    nativeKernels: existsSync(join(root, NATIVE_FILE)),
    tfjsNode: record?.route ?? 'none',
    libtensorflow: record?.libtensorflow ?? null,
  };
}
