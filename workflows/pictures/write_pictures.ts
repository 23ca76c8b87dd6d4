import { basename, extname, join } from 'node:path';
import { writeFileAtomic } from '../../foundation/files/atomic_file.ts';
import { importOptional } from '../../foundation/optional_package.ts';
import { requireOutputFiles } from '../outputs/output_files.ts';
import type { OutputPicture } from './output_pictures.ts';
import { SOFTWARE } from './output_sheet.ts';

/** Where the pictures of an output lie. */
export interface WrittenPicture {
  readonly output: string;
  /** [H, W, C] of the output. */
  readonly shape: readonly number[];
  /** Absent where there is no float network. */
  readonly float?: string;
  readonly tf8: string;
}

/**
 * Writes pictures into the folder `dir`, which is made where it is missing.
 * @param image path of the photograph, whose name theirs begin with
 * @throws UserError where a file of such a name lies there that tf8 did not write, or cannot be written
 */
export async function writePictures(
  pictures: readonly OutputPicture[],
  image: string,
  dir: string,
): Promise<readonly WrittenPicture[]> {
  const stem = basename(image, extname(image));
  const named = pictures.map(({ output, shape, float, tf8 }, at) => {
    const name = `${stem}-${at + 1}-${output.replace(/[^\w.-]+/g, '_')}`;
    const path = (kind: string) => join(dir, `${name}-${kind}.png`);
    return {
      files: [
        ...(float ? [{ path: path('float'), png: float }] : []),
        { path: path('tf8'), png: tf8 },
      ],
      written: { output, shape, ...(float && { float: path('float') }), tf8: path('tf8') },
    };
  });
  const files = named.flatMap((each) => each.files);
  await requireOutputFiles(
    files.map(({ path }) => ({ path, isOurs })),
    { inputs: [image] },
  );
  for (const { path, png } of files) await writeFileAtomic(path, png);
  return named.map(({ written }) => written);
}

/** Whether a picture says that tf8 wrote it. */
async function isOurs(path: string): Promise<boolean> {
  const { default: sharp } = await importOptional(() => import('sharp'));
  const metadata = await sharp(path)
    .metadata()
    .catch(() => undefined);
  return metadata?.exif?.includes(SOFTWARE) ?? false;
}
