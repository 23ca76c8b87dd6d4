import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import ts from 'typescript';

export const ROOT = resolve(import.meta.dirname, '../..');

/** What the package's entries reach. */
const SOURCES = [
  'quantize/index.ts',
  'quantize/browser.ts',
  'quantize/params',
  'quantize/kernels',
  'quantize/model',
  'quantize/execute',
  'datasets/images/preprocess.ts',
  'datasets/images/resize_bilinear.ts',
  'datasets/images/pixel_image.ts',
  'foundation/errors.ts',
];

const KERNELS = [
  'quantize/kernels/wasm/kernels.wasm',
  'quantize/kernels/wasm/kernels_threads.wasm',
  'quantize/kernels/native/kernels.node',
];

/**
 * The package as it is installed, in a temporary folder of the caller's: its entries, compiled with
 * the options of the build, and its kernels. Of all packages there is only zod, so no TensorFlow.
 */
export async function packagedFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tf8-package-'));
  const { exports } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
  const manifest = { name: 'tf8', type: 'module', exports };
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest));
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile);
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, ROOT);
  options.module = ts.ModuleKind.ESNext; // what NodeNext means for these files by package.json
  for (const path of (await Promise.all(SOURCES.map(files))).flat()) {
    if (!path.endsWith('.ts') || path.startsWith('quantize/kernels/wasm/assembly/')) continue;
    const fileName = join(ROOT, path);
    const source = await readFile(fileName, 'utf8');
    const { outputText } = ts.transpileModule(source, { compilerOptions: options, fileName });
    const compiled = join(folder, 'dist', path.replace(/\.ts$/, '.js'));
    await mkdir(dirname(compiled), { recursive: true });
    await writeFile(compiled, outputText);
  }
  for (const path of KERNELS) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    // A machine without a C compiler has no native kernels.
    await cp(join(ROOT, path), join(folder, path)).catch(() => undefined);
  }
  await mkdir(join(folder, 'node_modules'));
  await symlink(join(ROOT, 'node_modules', 'zod'), join(folder, 'node_modules', 'zod'));
  return folder;
}

/** What a script in the folder of the package prints, run by a fresh Node. */
export async function runScript(folder: string, script: string): Promise<string> {
  await writeFile(join(folder, 'script.mjs'), script);
  const { stdout } = await promisify(execFile)(process.execPath, ['script.mjs'], {
    cwd: folder,
    // Options of the test run, such as its loader, are not the package's.
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  return stdout;
}

async function files(path: string): Promise<string[]> {
  if (path.endsWith('.ts')) return [path];
  const names = await readdir(join(ROOT, path), { recursive: true });
  return names.map((name) => `${path}/${name}`);
}
