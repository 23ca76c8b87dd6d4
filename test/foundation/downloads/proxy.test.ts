import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { downloadUrl } from '../../../foundation/downloads/download_url.ts';
import { sha256OfBytes } from '../../../foundation/hashes/sha256.ts';
import { SILENT_REPORTER } from '../../../foundation/reporting/reporter.ts';
import { inFolder } from '../../support/in_folder.ts';
import { withServer } from '../support.ts';

const CONTENT = Buffer.from('what was asked for');
const VARIABLES = [
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
];

/** A proxy on this machine that notes which hosts it was asked for and connects to `target`. */
async function withProxy(
  target: string,
  use: (proxy: string, asked: readonly string[]) => Promise<void>,
): Promise<void> {
  const asked: string[] = [];
  const { hostname, port } = new URL(target);
  const proxy = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.end(CONTENT);
  });
  proxy.on('connect', (request, client) => {
    asked.push(request.url ?? '');
    const server = connect(Number(port), hostname, () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      server.pipe(client).pipe(server);
    });
    server.on('error', () => client.destroy());
    client.on('error', () => server.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  try {
    await use(`http://127.0.0.1:${(proxy.address() as AddressInfo).port}`, asked);
  } finally {
    proxy.closeAllConnections();
    await new Promise((resolve) => proxy.close(resolve));
  }
}

function download(folder: string, url: string): Promise<string> {
  return downloadUrl({
    url,
    sha256: sha256OfBytes(CONTENT),
    target: join(folder, 'file'),
    label: 'file',
    reporter: SILENT_REPORTER,
  });
}

describe('downloadUrl behind a proxy', () => {
  const before: Record<string, string | undefined> = {};

  beforeEach(() => {
    for (const name of VARIABLES) {
      before[name] = process.env[name];
      delete process.env[name];
    }
  });

  afterEach(() => {
    for (const name of VARIABLES) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
  });

  for (const variable of ['HTTP_PROXY', 'http_proxy']) {
    it(`reaches a server that only the proxy knows (${variable})`, () =>
      inFolder((folder) =>
        withServer(
          (_, response) => void response.end(CONTENT),
          (url) =>
            withProxy(url, async (proxy, asked) => {
              process.env[variable] = proxy;
              await download(folder, 'http://nowhere.invalid/file');
              assert.deepEqual(await readFile(join(folder, 'file')), CONTENT);
              assert.equal(asked.length, 1);
              assert.match(asked[0], /nowhere\.invalid/);
            }),
        ),
      ));
  }

  it('goes past the proxy to the hosts of NO_PROXY', () =>
    inFolder((folder) =>
      withServer(
        (_, response) => void response.end(CONTENT),
        (url) =>
          withProxy(url, async (proxy, asked) => {
            process.env.HTTP_PROXY = proxy;
            process.env.NO_PROXY = '127.0.0.1,localhost';
            await download(folder, url);
            assert.deepEqual(asked, []);
          }),
      ),
    ));
});
