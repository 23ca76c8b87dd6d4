import { pullCheckpoint } from '../../checkpoints/public/pull.ts';
import { messageOf, UserError } from '../../foundation/errors.ts';
import { cacheDir } from '../../foundation/files/cache_dir.ts';
import { SILENT_REPORTER } from '../../foundation/reporting/reporter.ts';
import { skip } from './skip.ts';

/**
 * Folder of the pulled mobilenet_v1_1.0_224; skips the test, or the suite when called from its
 * `before`, where it cannot be fetched. Any other trouble is a failure.
 */
export async function publishedModel(context: Mocha.Context): Promise<string> {
  try {
    const { dir } = await pullCheckpoint('mobilenet_v1_1.0_224', {
      cacheDir: cacheDir(),
      reporter: SILENT_REPORTER,
    });
    return dir;
  } catch (error) {
    if (!(error instanceof UserError && /^Expected .+ from /.test(error.message))) throw error;
    return skip(context, `the checkpoint could not be fetched: ${messageOf(error)}`);
  }
}
