import assert from 'node:assert/strict';
import { readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { listArtifacts } from '../../../foundation/downloads/artifact_record.ts';
import { fetchArtifact, type Route } from '../../../foundation/downloads/fetch_artifact.ts';
import { UserError } from '../../../foundation/errors.ts';
import { sha256OfBytes } from '../../../foundation/hashes/sha256.ts';
import { SILENT_REPORTER } from '../../../foundation/reporting/reporter.ts';
import { inFolder } from '../../support/in_folder.ts';
import { recordingReporter } from '../../support/recording_reporter.ts';
import { namesIn, withPrograms, withServer } from '../support.ts';

const SHA256 = sha256OfBytes('content');
const reporter = SILENT_REPORTER;
const PIP: Route = { kind: 'pip', requirement: 'thing==1', sha256: SHA256 };
const APT: Route = { kind: 'apt', package: 'thing', version: '1-1', sha256: SHA256 };
const NPM: Route = { kind: 'npm', package: 'thing', version: '1.0.0', sha256: SHA256 };
/** A stand-in for `python3 -m pip download … --dest FOLDER …`. */
const FAKE_PIP = 'while [ "$1" != --dest ]; do shift; done; printf content > "$2/thing-1.whl"';

describe('fetchArtifact', () => {
  it('fetches once, then uses the verified file', () =>
    inFolder(async (cacheDir) => {
      let requests = 0;
      await withServer(
        (_request, response) => {
          requests++;
          response.end('content');
        },
        async (url) => {
          const routes: Route[] = [{ kind: 'url', url, sha256: SHA256 }];
          for (let i = 0; i < 3; i++) {
            const got = await fetchArtifact({ name: 'a', routes, cacheDir, reporter });
            assert.deepEqual(got, { path: join(cacheDir, 'a'), route: routes[0] });
          }
          assert.equal(requests, 1);
          assert.deepEqual(await listArtifacts(cacheDir), [
            { name: 'a', bytes: 7, route: routes[0] },
          ]);
        },
      );
    }));

  it('fetches anew when the cached file was changed', () =>
    inFolder((cacheDir) =>
      withPrograms({ python3: FAKE_PIP }, async () => {
        const options = { name: 'a', routes: [PIP], cacheDir, reporter };
        const { path } = await fetchArtifact(options);
        await writeFile(path, 'damaged');
        await fetchArtifact(options);
        assert.equal(await readFile(path, 'utf8'), 'content');
      }),
    ));

  it('hashes a file whose time changed instead of fetching it', () =>
    inFolder(async (cacheDir) => {
      const options = { name: 'a', routes: [PIP], cacheDir, reporter };
      await withPrograms({ python3: FAKE_PIP }, async () => {
        const { path } = await fetchArtifact(options);
        await utimes(path, 1, 1);
      });
      await withPrograms({ python3: 'exit 1' }, async () => {
        assert.deepEqual((await fetchArtifact(options)).route, PIP);
      });
    }));

  it('accepts a file that was put there by hand, by its hash', () =>
    inFolder(async (cacheDir) => {
      await writeFile(join(cacheDir, 'a'), 'content');
      const got = await fetchArtifact({ name: 'a', routes: [APT], cacheDir, reporter });
      assert.deepEqual(got.route, APT);
    }));

  it('survives a damaged record', () =>
    inFolder(async (cacheDir) => {
      await writeFile(join(cacheDir, 'a'), 'content');
      await writeFile(join(cacheDir, 'a.origin.json'), '{"sha');
      const got = await fetchArtifact({ name: 'a', routes: [APT], cacheDir, reporter });
      assert.deepEqual(got.route, APT);
    }));

  it('keeps a file without a pinned hash under its record', () =>
    inFolder((cacheDir) =>
      withServer(
        (_request, response) => response.end('unpinned'),
        async (url) => {
          const options = {
            name: 'a',
            routes: [{ kind: 'url', url } as const],
            cacheDir,
            reporter,
          };
          const { path } = await fetchArtifact(options);
          await utimes(path, 1, 1);
          assert.deepEqual((await fetchArtifact(options)).route, { kind: 'url', url });
        },
      ),
    ));

  it('goes on to the next source and says so', () =>
    inFolder((cacheDir) =>
      withServer(
        (_request, response) => response.writeHead(503).end(),
        (url) =>
          withPrograms({ python3: FAKE_PIP }, async () => {
            const recorder = recordingReporter();
            const routes: Route[] = [{ kind: 'url', url, sha256: SHA256 }, PIP];
            const got = await fetchArtifact({ name: 'a', routes, cacheDir, reporter: recorder });
            assert.deepEqual(got.route, PIP);
            assert.match(recorder.messages.join(), /a: .* answered 503 .*; trying the next source/);
            assert.deepEqual(await namesIn(cacheDir), ['a', 'a.origin.json']);
          }),
      ),
    ));

  it('names every failed source, the path and the hash when none works', () =>
    inFolder((cacheDir) =>
      withPrograms({}, () =>
        assert.rejects(
          fetchArtifact({ name: 'a', routes: [PIP, APT], cacheDir, reporter }),
          (error: Error) => {
            assert.ok(error instanceof UserError);
            assert.match(error.message, /pip thing==1: python3 was not found/);
            assert.match(error.message, /apt thing=1-1: apt-get was not found/);
            assert.match(error.remedy ?? '', new RegExp(`${join(cacheDir, 'a')} .*${SHA256}`));
            return true;
          },
        ),
      ),
    ));

  it('refuses a cache folder below a file', () =>
    inFolder(async (folder) => {
      await writeFile(join(folder, 'file'), '');
      await assert.rejects(
        fetchArtifact({ name: 'a', routes: [PIP], cacheDir: join(folder, 'file'), reporter }),
        { name: 'UserError', message: /^Expected a folder at .*file but a file is in its place/ },
      );
    }));

  it('stops before the next source when aborted', () =>
    inFolder(async (cacheDir) => {
      const signal = AbortSignal.abort(new Error('interrupted'));
      await assert.rejects(
        fetchArtifact({ name: 'a', routes: [PIP], cacheDir, reporter, signal }),
        /interrupted/,
      );
    }));
});

describe('fetchArtifact by pip', () => {
  const fetch = (cacheDir: string, signal?: AbortSignal) =>
    fetchArtifact({
      name: 'a',
      routes: [PIP],
      cacheDir,
      reporter,
      ...(signal && { signal }),
    });

  it('passes the arguments, and the requirement with its hash for pip to check first', () =>
    inFolder((cacheDir) =>
      withPrograms(
        // pip's last argument is the file of requirements.
        {
          python3: `${FAKE_PIP}; echo "$*" > "${cacheDir}/seen"; eval cat '"$'$#'"' >> "${cacheDir}/seen"`,
        },
        async () => {
          const routes: Route[] = [{ ...PIP, args: ['--platform', 'any'] } as Route];
          await fetchArtifact({ name: 'a', routes, cacheDir, reporter });
          assert.match(
            await readFile(join(cacheDir, 'seen'), 'utf8'),
            new RegExp(
              `--platform any --require-hashes --requirement .*\nthing==1 --hash=sha256:${PIP.sha256}\n$`,
            ),
          );
        },
      ),
    ));

  it('tries python when python3 has no pip', () =>
    inFolder((cacheDir) =>
      withPrograms(
        { python3: 'echo "python3: No module named pip" >&2; exit 1', python: FAKE_PIP },
        async () => assert.deepEqual((await fetch(cacheDir)).route, PIP),
      ),
    ));

  it('says that python3 has no pip', () =>
    inFolder((cacheDir) => {
      const noPip = 'echo "No module named pip" >&2; exit 1';
      return withPrograms({ python3: noPip, python: noPip }, () =>
        assert.rejects(fetch(cacheDir), /python3 has no pip/),
      );
    }));

  it('passes on what pip said', () =>
    inFolder((cacheDir) =>
      withPrograms({ python3: 'echo "ERROR: no network" >&2; exit 1' }, () =>
        assert.rejects(fetch(cacheDir), /pip failed: ERROR: no network/),
      ),
    ));

  it('refuses another content and leaves nothing', () =>
    inFolder((cacheDir) =>
      withPrograms({ python3: FAKE_PIP.replace('content', 'other') }, async () => {
        await assert.rejects(fetch(cacheDir), /expected SHA-256 .* thing-1\.whl but received/);
        assert.deepEqual(await namesIn(cacheDir), []);
      }),
    ));

  it('refuses a number of files other than one', () =>
    inFolder((cacheDir) =>
      withPrograms({ python3: 'exit 0' }, () =>
        assert.rejects(fetch(cacheDir), /expected one file from pip but received 0/),
      ),
    ));

  it('stops the tool and removes its folder when aborted', () =>
    inFolder((cacheDir) =>
      withPrograms({ python3: 'exec sleep 30' }, async () => {
        const controller = new AbortController();
        const fetching = fetch(cacheDir, controller.signal);
        setTimeout(() => controller.abort(new Error('interrupted')), 100);
        await assert.rejects(fetching, /interrupted/);
        assert.deepEqual(await namesIn(cacheDir), []);
      }),
    ));
});

describe('fetchArtifact by apt', () => {
  const fetch = (cacheDir: string) =>
    fetchArtifact({ name: 'a', routes: [APT], cacheDir, reporter });

  it('downloads the pinned version', () =>
    inFolder((cacheDir) =>
      withPrograms(
        { 'apt-get': '[ "$*" = "download thing=1-1" ] && printf content > thing.deb' },
        async () => assert.deepEqual((await fetch(cacheDir)).route, APT),
      ),
    ));

  it('updates package lists of its own where the system has none', () =>
    inFolder((cacheDir) => {
      const script = [
        'case "$*" in',
        '  *Dir::State=*update) exit 0 ;;',
        '  *Dir::State=*"download thing=1-1") printf content > thing.deb ;;',
        '  *) echo "E: Unable to locate package thing" >&2; exit 100 ;;',
        'esac',
      ].join('\n');
      return withPrograms({ 'apt-get': script }, async () => {
        assert.deepEqual((await fetch(cacheDir)).route, APT);
        assert.deepEqual(await namesIn(cacheDir), ['a', 'a.origin.json']);
      });
    }));

  it('passes on what apt-get said', () =>
    inFolder((cacheDir) =>
      withPrograms({ 'apt-get': 'echo "E: no such version" >&2; exit 100' }, () =>
        assert.rejects(fetch(cacheDir), /apt-get failed: E: no such version/),
      ),
    ));
});

describe('fetchArtifact by npm', () => {
  const fetch = (cacheDir: string) =>
    fetchArtifact({ name: 'a', routes: [NPM], cacheDir, reporter });

  it('packs the pinned version and runs nothing of it', () =>
    inFolder((cacheDir) =>
      withPrograms(
        { npm: '[ "$*" = "pack thing@1.0.0 --ignore-scripts" ] && printf content > thing.tgz' },
        async () => {
          assert.deepEqual((await fetch(cacheDir)).route, NPM);
          // The record of the route is read back.
          assert.deepEqual(await listArtifacts(cacheDir), [{ name: 'a', bytes: 7, route: NPM }]);
        },
      ),
    ));

  it('refuses another content', () =>
    inFolder((cacheDir) =>
      withPrograms({ npm: 'printf other > thing.tgz' }, () =>
        assert.rejects(fetch(cacheDir), /npm thing@1\.0\.0: expected SHA-256 .* for thing\.tgz/),
      ),
    ));

  it('passes on what npm said, or that there is none', () =>
    inFolder(async (cacheDir) => {
      await withPrograms({ npm: 'echo "npm error code E404" >&2; exit 1' }, () =>
        assert.rejects(fetch(cacheDir), /npm failed: npm error code E404/),
      );
      await withPrograms({}, () => assert.rejects(fetch(cacheDir), /npm was not found/));
    }));
});
