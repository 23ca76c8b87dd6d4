import { cp, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ReproduceOptions } from '../../../workflows/reproduce/open_table.ts';
import { picture, writeImage } from '../../scripts/support.ts';

/** Eight images in two class folders: a folder that is not divided. */
export async function writeFewImages(folder: string): Promise<string> {
  const dir = join(folder, 'images');
  for (let index = 0; index < 8; index++) {
    await writeImage(dir, index % 2, `${index}.png`, await picture(index));
  }
  return dir;
}

/** The table of ImageNet with the full recipe, on few images and in few steps. */
export function tinyTable(folder: string, data: string): ReproduceOptions {
  return {
    dataset: 'imagenet',
    preset: 'paper',
    data,
    changes: {
      networks: ['standard', 'friendly'],
      epochs: 1,
      resolution: 32,
      batchSize: 2,
      widthMultiplier: 0.05,
      calibrationImages: 4,
    },
    runsDir: join(folder, 'runs'),
  };
}

/** The same table on a copy of what was trained and measured for it. */
export async function copyRuns(options: ReproduceOptions, to: string): Promise<ReproduceOptions> {
  const runsDir = join(to, 'runs');
  await cp(options.runsDir, runsDir, { recursive: true });
  return { ...options, runsDir };
}

export async function networkFolders(runsDir: string): Promise<string[]> {
  return (await readdir(join(runsDir, 'networks'))).sort();
}
