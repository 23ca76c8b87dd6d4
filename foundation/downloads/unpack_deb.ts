import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { UserError } from '../errors.ts';
import { asFileError, errorCode } from '../files/file_errors.ts';
import { temporaryPath } from '../files/temporary_path.ts';
import { lastLines, NOT_FOUND, runCommand } from '../processes/run_command.ts';

/**
 * Unpacks the files of a Debian package into `outDir`, which then holds all of them or does not
 * change. An `outDir` that exists is replaced.
 *
 * @throws UserError where dpkg-deb is missing or refuses the file
 */
export async function unpackDeb(debPath: string, outDir: string): Promise<void> {
  const temporary = temporaryPath(outDir, '.tmp');
  try {
    await mkdir(dirname(outDir), { recursive: true });
    const { exitCode, output } = await runCommand('dpkg-deb', ['-x', debPath, temporary]);
    if (exitCode === NOT_FOUND) {
      throw new UserError(`Expected dpkg-deb to unpack ${debPath} but it was not found.`, {
        remedy: 'Install dpkg (it is part of every Debian and Ubuntu).',
      });
    }
    if (exitCode !== 0) {
      throw new UserError(
        `Expected a Debian package at ${debPath} but dpkg-deb refused it: ${lastLines(output)}`,
        { remedy: `Remove ${debPath} and run the command again.` },
      );
    }
    await rm(outDir, { recursive: true, force: true });
    await rename(temporary, outDir).catch((error) => {
      // Another process that unpacked the same package was faster: its folder is as good.
      if (!['ENOTEMPTY', 'EEXIST'].includes(errorCode(error) ?? '')) throw error;
    });
  } catch (error) {
    throw asFileError(error, outDir);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}
