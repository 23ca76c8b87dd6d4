import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import sharp from 'sharp';
import ts from 'typescript';
import { preprocess } from '../../datasets/images/preprocess.ts';
import { planOn } from '../../quantize/execute/plan_on.ts';
import { encodeTf8 } from '../../quantize/model/tf8_file.ts';
import { randomBytes } from '../quantize/kernels/make_call.ts';
import { buildModel } from '../quantize/model/random_models.ts';
import { inFolder } from '../support/in_folder.ts';
import { TSX } from '../support/without_tfjs_node.ts';
import { ROOT, readPage } from './pages.ts';

const RAW = { width: 40, height: 30, channels: 3 } as const;

describe('README.md', () => {
  let page: string;
  before(async () => {
    page = await readPage('README.md');
  });

  it('fits on a page: 150 lines at most', () => {
    assert.ok(page.split('\n').length <= 151, `${page.split('\n').length} lines`);
  });

  describe('its example', function () {
    this.timeout(120_000);
    let example: string;
    let entries: ReadonlyMap<string, string>;
    before(async () => {
      example = /```ts\n(.*?)```/s.exec(page)?.[1] ?? '';
      entries = await sourcesOfEntries();
    });

    // Together: TypeScript reads what both import once. That the other runs: test/package/node.test.ts.
    it('is well typed, and that of quantize/README.md', async () => {
      const other = /```ts\n(.*?)```/s.exec(await readPage('quantize/README.md'))?.[1] ?? '';
      assert.ok(example !== '' && other !== '');
      assert.deepEqual(problemsOf([example, other], entries), []);
    });

    it('runs as it stands', () =>
      inFolder(async (folder) => {
        await installFromSources(folder, entries);
        const model = {
          ...buildModel(
            [8, 8, 3],
            128,
            [
              {
                op: 'fullyConnected',
                filters: 3,
                window: [1, 1],
                strides: [1, 1],
                padding: 'valid',
                activation: 'linear',
                zeroPoint: 3,
                weightZeroPoint: 100,
                seed: 1,
              },
            ],
            { name: 'small', classNames: ['wolf', 'dog', 'fox'], labelOffset: 0 },
          ),
          preprocessing: { centralFraction: 0.875, range: { min: -1, max: 1 } },
        };
        const data = Buffer.from(randomBytes(RAW.width * RAW.height * RAW.channels, 5));
        await writeFile(join(folder, 'mobilenet.tf8'), await encodeTf8(model));
        await writeFile(join(folder, 'wolf.jpg'), await sharp(data, { raw: RAW }).png().toBuffer());
        await writeFile(join(folder, 'example.mts'), `${example}plan.close();\n`);
        const { stdout } = await promisify(execFile)(
          process.execPath,
          ['--import', TSX, 'example.mts'],
          { cwd: folder, env: { ...process.env, NODE_OPTIONS: '' } },
        );
        using plan = planOn(model, { tier: 'reference' });
        const image = preprocess({ data, ...RAW }, { resolution: 8, centralFraction: 0.875 });
        const best = plan.classify(image)[0]?.[0];
        assert.equal(stdout, `${best?.name} ${best?.probability}\n`);
      }));
  });
});

/** The sources of the package's entries, such as "tf8/preprocess", by package.json. */
async function sourcesOfEntries(): Promise<ReadonlyMap<string, string>> {
  const { exports } = JSON.parse(await readPage('package.json'));
  const sources = new Map<string, string>();
  for (const [entry, target] of Object.entries<{ types?: string } | string>(exports)) {
    if (typeof target === 'string' || target.types === undefined) continue;
    const source = /^\.\/dist\/(.*)\.d\.ts$/.exec(target.types)?.[1];
    if (source !== undefined) sources.set(join('tf8', entry), `${source}.ts`);
  }
  return sources;
}

/** What TypeScript finds in texts at the repository's root. */
function problemsOf(texts: readonly string[], entries: ReadonlyMap<string, string>): string[] {
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile);
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, ROOT);
  options.noUncheckedIndexedAccess = true;
  options.paths = Object.fromEntries(
    [...entries].map(([entry, source]) => [entry, [join(ROOT, source)]]),
  );
  const files = new Map(texts.map((text, index) => [join(ROOT, `example_${index}.ts`), text]));
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  host.fileExists = (name) => files.has(name) || fileExists(name);
  host.getSourceFile = (name, language, ...rest) => {
    const text = files.get(name);
    return text === undefined
      ? getSourceFile(name, language, ...rest)
      : ts.createSourceFile(name, text, language);
  };
  const program = ts.createProgram([...files.keys()], options, host);
  return [...files.keys()]
    .flatMap((file) => program.getSemanticDiagnostics(program.getSourceFile(file)))
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}

/** Makes `tf8`, by its sources, and `sharp` packages that a script in `folder` can import. */
async function installFromSources(folder: string, entries: ReadonlyMap<string, string>) {
  const installed = join(folder, 'node_modules', 'tf8');
  await mkdir(installed, { recursive: true });
  const exports: Record<string, string> = {};
  for (const [entry, source] of entries) {
    const [room = ''] = source.split('/');
    await symlink(join(ROOT, room), join(installed, room)).catch(() => undefined);
    exports[entry.replace(/^tf8/, '.')] = `./${source}`;
  }
  await writeFile(
    join(installed, 'package.json'),
    JSON.stringify({ name: 'tf8', type: 'module', exports }),
  );
  await symlink(join(ROOT, 'node_modules/sharp'), join(folder, 'node_modules/sharp'));
}
