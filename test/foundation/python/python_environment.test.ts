import assert from 'node:assert/strict';
import { chmod, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type PythonPackages,
  pythonEnvironment,
  RUNTIMES,
  TENSORFLOW,
} from '../../../foundation/python/python_environment.ts';
import { SILENT_REPORTER } from '../../../foundation/reporting/reporter.ts';
import { inFolder } from '../../support/in_folder.ts';

/** How a Python made up for a test behaves. */
interface Behaviour {
  readonly version?: string;
  readonly venv?: string;
  readonly pip?: string;
}

/** A shell script that is called like Python: it logs what it is asked, and its venv is a copy of itself. */
async function fakePython(folder: string, behaviour: Behaviour = {}): Promise<string> {
  const { version = '3.11', venv = '', pip = '' } = behaviour;
  const path = join(folder, 'fake-python');
  const script = `#!/bin/sh
echo "$*" >> "${folder}/log"
case "$*" in
  "-I -m venv "*) ${venv || 'mkdir -p "$4/bin" && cp "$0" "$4/bin/python"'} ;;
  "-I -m pip "*) ${pip || ':'} ;;
  *version_info*) echo ${version} ;;
esac
`;
  await writeFile(path, script);
  await chmod(path, 0o755);
  return path;
}

/** TensorFlow's own description, with packages made up for a test. */
async function packagesIn(folder: string, list = 'a==1'): Promise<PythonPackages> {
  const requirements = join(folder, 'requirements.txt');
  await writeFile(requirements, list);
  return { ...TENSORFLOW, requirements, reuseWheel: false };
}

async function makeIn(folder: string, behaviour?: Behaviour, requirements?: string) {
  const python = await fakePython(folder, behaviour);
  return pythonEnvironment(await packagesIn(folder, requirements), {
    cacheDir: join(folder, 'cache'),
    reporter: SILENT_REPORTER,
    signal: new AbortController().signal,
    pythons: [join(folder, 'no-python'), python],
  });
}

async function timesAsked(folder: string, what: string): Promise<number> {
  const log = await readFile(join(folder, 'log'), 'utf8');
  return log.split('\n').filter((line) => line.includes(what)).length;
}

for (const { title, requirements } of [TENSORFLOW, RUNTIMES]) {
  describe(`the packages of ${title}`, () => {
    it('are pinned, each by its version and by SHA-256', async () => {
      const text = await readFile(requirements, 'utf8');
      const entries = text.replaceAll(/^#.*\n/gm, '').split(/\n(?=\S)/);
      assert.ok(entries.length > 10);
      for (const entry of entries) {
        assert.match(
          entry,
          /^[a-z0-9-]+==[0-9.]+ .*\\\n( {4}--hash=sha256:[0-9a-f]{64}( \\)?\n?)+$/,
        );
      }
    });
  });
}

describe('pythonEnvironment', () => {
  before(function () {
    if (process.platform === 'win32') this.skip();
  });

  it('makes a virtual environment with the packages, once', () =>
    inFolder(async (folder) => {
      const python = await makeIn(folder);
      assert.equal(python, join(folder, 'cache', 'python-peers', 'bin', 'python'));
      assert.equal(await makeIn(folder), python);
      assert.equal(await timesAsked(folder, '-m venv'), 1);
      assert.equal(await timesAsked(folder, '--require-hashes'), 1);
    }));

  it('makes it anew for other requirements', () =>
    inFolder(async (folder) => {
      await makeIn(folder);
      await makeIn(folder, {}, 'a==2');
      assert.equal(await timesAsked(folder, '-m venv'), 2);
      assert.deepEqual(await readdir(join(folder, 'cache')), ['python-peers']);
    }));

  it('makes it anew where its interpreter is gone', () =>
    inFolder(async (folder) => {
      await rm(await makeIn(folder));
      await makeIn(folder);
      assert.equal(await timesAsked(folder, '-m venv'), 2);
    }));

  it('leaves nothing behind when it is interrupted', () =>
    inFolder(async (folder) => {
      const interruption = new AbortController();
      const python = await fakePython(folder, { pip: 'exec sleep 60' });
      const made = pythonEnvironment(await packagesIn(folder), {
        cacheDir: join(folder, 'cache'),
        reporter: SILENT_REPORTER,
        signal: interruption.signal,
        pythons: [python],
      });
      while ((await timesAsked(folder, '-m pip').catch(() => 0)) === 0) {
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      interruption.abort(new Error('interrupted'));
      await assert.rejects(made, /interrupted/);
      assert.deepEqual(await readdir(join(folder, 'cache')), []);
    }));

  it('tells which Python it found where none fits', () =>
    inFolder(async (folder) => {
      await assert.rejects(makeIn(folder, { version: '3.13' }), {
        name: 'UserError',
        message: /Expected Python 3\.9, 3\.10 or 3\.11.* but .*fake-python is 3\.13$/,
      });
    }));

  it('tells that there is no Python', () =>
    inFolder(async (folder) => {
      const { signal } = new AbortController();
      const options = { cacheDir: folder, reporter: SILENT_REPORTER, signal };
      await assert.rejects(
        pythonEnvironment(TENSORFLOW, { ...options, pythons: [join(folder, 'none')] }),
        /but found no Python$/,
      );
    }));

  it('tells how to get the venv module where it is missing', () =>
    inFolder(async (folder) => {
      const venv = 'echo "No module named venv"; exit 1';
      await assert.rejects(makeIn(folder, { venv }), {
        name: 'UserError',
        message: /to make a virtual environment but: No module named venv$/,
        remedy: /python3-venv/,
      });
      assert.deepEqual(await readdir(join(folder, 'cache')), []);
    }));

  it("tells pip's own errors where a package cannot be installed", () =>
    inFolder(async (folder) => {
      const pip = 'echo Collecting a; echo "ERROR: No matching distribution for a==1"; exit 1';
      await assert.rejects(makeIn(folder, { pip }), {
        name: 'UserError',
        message: /but: ERROR: No matching distribution for a==1$/,
        remedy: /network/,
      });
      assert.deepEqual(await readdir(join(folder, 'cache')), []);
    }));
});
