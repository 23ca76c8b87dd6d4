import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type DownloadOptions, downloadUrl } from '../../../foundation/downloads/download_url.ts';
import { RouteFailure } from '../../../foundation/downloads/route.ts';
import { sha256OfBytes } from '../../../foundation/hashes/sha256.ts';
import { SILENT_REPORTER } from '../../../foundation/reporting/reporter.ts';
import { inFolder } from '../../support/in_folder.ts';
import { namesIn, withServer } from '../support.ts';

const CONTENT = Buffer.from(Array.from({ length: 200_000 }, (_, i) => (i * 7919) % 251));
const SHA256 = sha256OfBytes(CONTENT);

function optionsFor(folder: string, url: string, more: Partial<DownloadOptions> = {}) {
  const target = join(folder, 'file');
  return { url, sha256: SHA256, target, label: 'file', reporter: SILENT_REPORTER, ...more };
}

/** Serves CONTENT with ranges, as a well-behaved server does; `seen` gets each Range header. */
function rangeServer(seen: (string | undefined)[]): Parameters<typeof withServer>[0] {
  return (request, response) => {
    const { range } = request.headers;
    seen.push(range);
    const start = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0);
    if (start >= CONTENT.length) {
      response.writeHead(416, { 'content-range': `bytes */${CONTENT.length}` }).end();
      return;
    }
    const headers = { 'content-length': CONTENT.length - start };
    if (range === undefined) response.writeHead(200, headers);
    else
      response.writeHead(206, {
        ...headers,
        'content-range': `bytes ${start}-${CONTENT.length - 1}/${CONTENT.length}`,
      });
    response.end(CONTENT.subarray(start));
  };
}

describe('downloadUrl', () => {
  it('stores the content, leaves nothing else and returns its hash', () =>
    inFolder((folder) =>
      withServer(rangeServer([]), async (url) => {
        assert.equal(await downloadUrl(optionsFor(folder, url)), SHA256);
        assert.deepEqual(await readFile(join(folder, 'file')), CONTENT);
        assert.deepEqual(await namesIn(folder), ['file']);
      }),
    ));

  it('resumes a left part by a range request', () =>
    inFolder((folder) => {
      const seen: (string | undefined)[] = [];
      return withServer(rangeServer(seen), async (url) => {
        await writeFile(join(folder, 'file.part'), CONTENT.subarray(0, 150_000));
        assert.equal(await downloadUrl(optionsFor(folder, url)), SHA256);
        assert.deepEqual(seen, ['bytes=150000-']);
        assert.deepEqual(await namesIn(folder), ['file']);
      });
    }));

  it('accepts a part that was already whole', () =>
    inFolder((folder) =>
      withServer(rangeServer([]), async (url) => {
        await writeFile(join(folder, 'file.part'), CONTENT);
        assert.equal(await downloadUrl(optionsFor(folder, url)), SHA256);
      }),
    ));

  it('starts anew when the server ignores ranges', () =>
    inFolder((folder) =>
      withServer(
        (_request, response) => response.end(CONTENT),
        async (url) => {
          await writeFile(join(folder, 'file.part'), CONTENT.subarray(0, 1000));
          assert.equal(await downloadUrl(optionsFor(folder, url)), SHA256);
        },
      ),
    ));

  it('starts anew when the server answers with another range', () =>
    inFolder((folder) =>
      withServer(
        (request, response) => {
          if (request.headers.range !== undefined) {
            response.writeHead(206, { 'content-range': 'bytes 5-9/10' });
            response.end('wrong');
          } else response.end(CONTENT);
        },
        async (url) => {
          await writeFile(join(folder, 'file.part'), CONTENT.subarray(0, 1000));
          assert.equal(await downloadUrl(optionsFor(folder, url)), SHA256);
        },
      ),
    ));

  it('starts anew when the left part belongs to another content or is too long', () =>
    inFolder((folder) =>
      withServer(rangeServer([]), async (url) => {
        for (const part of [Buffer.alloc(1000), Buffer.alloc(CONTENT.length + 5)]) {
          await writeFile(join(folder, 'file.part'), part);
          assert.equal(await downloadUrl(optionsFor(folder, url)), SHA256);
        }
      }),
    ));

  it('resumes by itself when the connection breaks in the middle', () =>
    inFolder((folder) => {
      const seen: (string | undefined)[] = [];
      const serve = rangeServer(seen);
      let breakConnection = () => {};
      const reporter = {
        ...SILENT_REPORTER,
        start: () => ({
          update: (done: number) => {
            if (done === 60_000) breakConnection();
          },
          end() {},
        }),
      };
      return withServer(
        (request, response) => {
          if (request.headers.range !== undefined) return serve(request, response);
          breakConnection = () => response.destroy();
          response.writeHead(200, { 'content-length': CONTENT.length });
          response.write(CONTENT.subarray(0, 60_000));
        },
        async (url) => {
          assert.equal(await downloadUrl(optionsFor(folder, url, { reporter })), SHA256);
          assert.deepEqual(seen, ['bytes=60000-']);
        },
      );
    }));

  it('names the expected and the received hash and removes the file', () =>
    inFolder((folder) =>
      withServer(
        (_request, response) => response.end('something else'),
        async (url) => {
          await assert.rejects(downloadUrl(optionsFor(folder, url)), (error: Error) => {
            assert.ok(error instanceof RouteFailure);
            assert.match(error.message, new RegExp(`expected SHA-256 ${SHA256}`));
            assert.match(error.message, new RegExp(`received ${sha256OfBytes('something else')}`));
            return true;
          });
          assert.deepEqual(await namesIn(folder), []);
        },
      ),
    ));

  it('names the status of a server that refuses', () =>
    inFolder((folder) =>
      withServer(
        (_request, response) => response.writeHead(404).end('no'),
        (url) => assert.rejects(downloadUrl(optionsFor(folder, url)), /answered 404 Not Found/),
      ),
    ));

  it('gives up on a server that is silent at the start', () =>
    inFolder((folder) =>
      withServer(
        () => {},
        (url) =>
          assert.rejects(
            downloadUrl(optionsFor(folder, url, { connectTimeoutMs: 50 })),
            /no answer for 0\.05 s/,
          ),
      ),
    ));

  it('gives up on a server that falls silent in the middle, and keeps the part', () =>
    inFolder((folder) =>
      withServer(
        (request, response) => {
          if (request.headers.range !== undefined) return; // silent from here on
          response.writeHead(200, { 'content-length': CONTENT.length });
          response.write(CONTENT.subarray(0, 50_000));
        },
        async (url) => {
          const options = optionsFor(folder, url, { idleTimeoutMs: 100, connectTimeoutMs: 100 });
          await assert.rejects(downloadUrl(options), /no answer|stood still/);
          assert.deepEqual(await namesIn(folder), ['file.part']);
        },
      ),
    ));

  it('says why a host cannot be reached', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    await new Promise((resolve) => server.close(resolve));
    await inFolder((folder) =>
      assert.rejects(
        downloadUrl(optionsFor(folder, `http://127.0.0.1:${port}/file`)),
        /ECONNREFUSED/,
      ),
    );
  });

  it('leaves a part for resuming when aborted', () =>
    inFolder((folder) => {
      const controller = new AbortController();
      return withServer(
        (_request, response) => {
          response.writeHead(200, { 'content-length': CONTENT.length });
          response.write(CONTENT.subarray(0, 50_000));
        },
        async (url) => {
          const reporter = {
            ...SILENT_REPORTER,
            start: () => ({
              update: (done: number) => {
                if (done === 50_000) controller.abort(new Error('interrupted'));
              },
              end() {},
            }),
          };
          const options = optionsFor(folder, url, { reporter, signal: controller.signal });
          await assert.rejects(downloadUrl(options), /interrupted/);
          assert.deepEqual(await readFile(join(folder, 'file.part')), CONTENT.subarray(0, 50_000));
        },
      );
    }));

  it('resumes nothing without a pinned hash', () =>
    inFolder((folder) => {
      const seen: (string | undefined)[] = [];
      return withServer(rangeServer(seen), async (url) => {
        await writeFile(join(folder, 'file.part'), CONTENT.subarray(0, 1000));
        const { sha256: _, ...options } = optionsFor(folder, url);
        assert.equal(await downloadUrl(options), SHA256);
        assert.deepEqual(seen, [undefined]);
      });
    }));

  it('takes over the part of a process that died', () =>
    inFolder((folder) => {
      const seen: (string | undefined)[] = [];
      return withServer(rangeServer(seen), async (url) => {
        const { temporaryPath } = await import('../../../foundation/files/temporary_path.ts');
        // No process has a number above the kernel's largest, 2²².
        const dead = temporaryPath(join(folder, 'file'), '.part').replace(
          `_${process.pid}_`,
          '_99999999_',
        );
        await writeFile(dead, CONTENT.subarray(0, 120_000));
        assert.equal(await downloadUrl(optionsFor(folder, url)), SHA256);
        assert.deepEqual(seen, ['bytes=120000-']);
        assert.deepEqual(await namesIn(folder), ['file']);
      });
    }));

  it('lets two downloads of one file run side by side', () =>
    inFolder((folder) =>
      withServer(rangeServer([]), async (url) => {
        const hashes = await Promise.all([1, 2, 3].map(() => downloadUrl(optionsFor(folder, url))));
        assert.deepEqual(hashes, [SHA256, SHA256, SHA256]);
        assert.deepEqual(await readFile(join(folder, 'file')), CONTENT);
        assert.deepEqual(await namesIn(folder), ['file']);
      }),
    ));
});
