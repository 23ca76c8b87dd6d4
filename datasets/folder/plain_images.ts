import { resolve } from 'node:path';
import { UserError } from '../../foundation/errors.ts';
import type { Dataset } from '../dataset.ts';
import { unlabelledFileDataset } from '../image_file_dataset.ts';
import { findImages } from '../images/find_images.ts';
import { sizedFiles, warnOfOthers } from '../images/image_files.ts';
import { READ_FORMATS } from '../images/image_formats.ts';
import type { OpenOptions } from '../open_options.ts';
import { describeFolder } from './describe_folder.ts';

/**
 * The images within a folder, at any depth, sorted by name in code points; nobody says what they show.
 * Hidden files and those that are no images are left out, which warnings tell. Both splits are all of
 * them, preprocessed as ImageNet's.
 *
 * @throws UserError where `dir` is no folder, or there is no image
 */
export async function openPlainImages(
  dir: string,
  { reporter, signal }: Pick<OpenOptions, 'reporter' | 'signal'>,
): Promise<Dataset> {
  const { images, others } = await findImages(dir, '', signal);
  if (images.length === 0) {
    throw new UserError(`Expected images in ${dir} but found ${await describeFolder(dir)}.`, {
      remedy: `Put ${READ_FORMATS} files there.`,
    });
  }
  warnOfOthers(others, reporter);
  return unlabelledFileDataset({
    name: 'images',
    origin: resolve(dir),
    files: await sizedFiles(images),
  });
}
