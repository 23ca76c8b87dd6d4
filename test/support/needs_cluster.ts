import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../../foundation/repository.ts';
import { CLUSTER_FILE } from '../../training/cluster/addon.ts';
import { needsTensorFlow } from './needs_tensorflow.ts';
import { skip } from './skip.ts';

/** For a `before` hook: skips the suite where several workers cannot train. */
export async function needsCluster(this: Mocha.Context): Promise<void> {
  await needsTensorFlow.call(this);
  if (!existsSync(join(repositoryRoot(), CLUSTER_FILE))) {
    skip(this, 'the addon for several workers was not compiled');
  }
}
