import type { Compile } from '../../architectures/graph/float_runner.ts';
import { selectBackend } from '../../training/backend.ts';
import { compile } from '../../training/compile/compile.ts';

/** Compiling takes about a second: as long as running so many images. */
const WORTHWHILE_IMAGES = 40;

/** What makes a float network faster over so many images; undefined where it would not. */
export async function floatCompiler(images: number): Promise<Compile | undefined> {
  const { name } = await selectBackend();
  return images > WORTHWHILE_IMAGES && name === 'tensorflow' ? compile : undefined;
}
