import { UserError } from '../errors.ts';
import { asFileError } from '../files/file_errors.ts';
import { makeWholeFolder } from '../files/whole_folder.ts';
import { lastLines, NOT_FOUND, runCommand } from '../processes/run_command.ts';

/**
 * Unpacks the files of a Debian package into `outDir`, which then holds all of them or does not
 * change. An `outDir` that exists is replaced.
 *
 * @throws UserError where dpkg-deb is missing or refuses the file
 */
export async function unpackDeb(debPath: string, outDir: string): Promise<void> {
  try {
    await makeWholeFolder(outDir, async (temporary) => {
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
    });
  } catch (error) {
    throw asFileError(error, outDir);
  }
}
