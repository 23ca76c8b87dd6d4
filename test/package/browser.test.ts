import assert from 'node:assert/strict';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { build } from 'esbuild';
import fc from 'fast-check';
import type { Browser } from 'playwright-core';
import { planOn } from '../../quantize/execute/plan_on.ts';
import { encodeTf8 } from '../../quantize/model/tf8_file.ts';
import { randomBytes } from '../quantize/kernels/make_call.ts';
import { randomModels } from '../quantize/model/random_models.ts';
import { startChromium } from '../support/chromium.ts';
import { folderIn, installed } from './installed.ts';

const MODEL = fc.sample(randomModels({ withEveryOp: true }), { seed: 3, numRuns: 1 })[0];
const PIXELS = MODEL.input.shape.reduce((product, side) => product * side, 1);
const BATCH = 3;
const TYPES: Readonly<Record<string, string>> = { '.js': 'text/javascript', '.html': 'text/html' };

/** What a thread of the page tells of a plan: its tier and threads, and the logits of its run. */
interface Told {
  readonly isolated: boolean;
  readonly tier: string;
  readonly threads: number;
  readonly notes: readonly string[];
  readonly logits: readonly number[];
  readonly again: readonly number[];
}

/** What is bundled: runs the model in two plans, one after the other. */
const SCRIPT = `import { loadTf8, startWebThreads } from 'tf8/browser';
export async function runIn(base, threads) {
  const fetched = async (name) => {
    const response = await fetch(new URL(name, base));
    return new Uint8Array(await response.arrayBuffer());
  };
  const threading =
    threads > 1
      ? await startWebThreads(await fetched('kernels_threads.wasm'), threads - 1)
      : undefined;
  const images = await fetched('images');
  const runs = [];
  for (let n = 0; n < 2; n++) {
    const options = { wasm: new URL('kernels.wasm', base), threads, threading };
    const plan = await loadTf8(new URL('model.tf8', base), options);
    const { kernels: { tier }, notes } = plan;
    runs.push({ tier, threads: plan.threads, notes, logits: [...plan.predict(images)] });
    plan.close();
  }
  return { isolated: crossOriginIsolated, ...runs[0], again: runs[1].logits };
}`;

const ON_PAGE = `import('./run.js').then(({ runIn }) => runIn(location.href, THREADS))`;

const WORKER = `import { runIn } from './run.js';
onmessage = async ({ data: [base, threads] }) => postMessage(await runIn(base, threads));`;

const ON_WORKER = `new Promise((resolve, reject) => {
  const worker = new Worker('worker.js', { type: 'module' });
  worker.onmessage = ({ data }) => resolve(data);
  worker.onerror = ({ message }) => reject(new Error(message));
  worker.postMessage([location.href, THREADS]);
})`;

describe('the entry for browsers, bundled, in Chromium', function () {
  this.timeout(300_000);
  let browser: Browser;
  let folder: string;
  let logits: readonly number[];
  const servers: Server[] = [];

  before(async function () {
    browser = await startChromium(this);
    const installation = await installed(this);
    folder = await folderIn(installation);
    const images = randomBytes(BATCH * PIXELS, 1);
    await writeFile(join(folder, 'model.tf8'), await encodeTf8(MODEL));
    await writeFile(join(folder, 'images'), images);
    await writeFile(join(folder, 'index.html'), '<!doctype html>');
    await writeFile(join(folder, 'source.js'), SCRIPT);
    await build({
      entryPoints: [join(folder, 'source.js')],
      outfile: join(folder, 'run.js'),
      bundle: true,
      minify: true,
      format: 'esm',
      platform: 'browser',
    });
    for (const name of ['kernels.wasm', 'kernels_threads.wasm']) {
      const built = join(installation.project, 'node_modules/tf8/quantize/kernels/wasm', name);
      await cp(built, join(folder, name));
    }
    await writeFile(join(folder, 'worker.js'), WORKER);
    using plan = planOn(MODEL, { tier: 'reference' });
    logits = [...plan.predict(images)];
  });

  after(async () => {
    await browser?.close();
    for (const server of servers) server.close();
  });

  /** Address of the folder on a server of its own. */
  async function serve(isIsolated: boolean): Promise<string> {
    const isolation = {
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Cross-Origin-Embedder-Policy': 'require-corp',
    };
    const server = createServer(async ({ url = '' }, response) => {
      const path = url === '/' ? '/index.html' : url;
      const type = TYPES[extname(path)] ?? 'application/octet-stream';
      try {
        const content = await readFile(join(folder, path));
        response.writeHead(200, { 'Content-Type': type, ...(isIsolated && isolation) });
        response.end(content);
      } catch {
        response.writeHead(404).end();
      }
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  }

  async function runOn(threads: number, isIsolated: boolean, where = ON_PAGE): Promise<Told> {
    const address = await serve(isIsolated);
    const page = await browser.newPage();
    try {
      await page.goto(address);
      return (await page.evaluate(where.replace('THREADS', String(threads)))) as Told;
    } finally {
      await page.close();
    }
  }

  const told = (isolated: boolean, threads: number): Told => ({
    isolated,
    tier: 'wasm',
    threads,
    notes: [],
    logits,
    again: logits,
  });

  it("has the reference's bytes on the page's own thread", async () => {
    assert.deepEqual(await runOn(1, false), told(false, 1));
  });

  it('shares a run among threads on an isolated page, one plan after the other', async () => {
    assert.deepEqual(await runOn(2, true), told(true, 2));
    assert.deepEqual(await runOn(3, true), told(true, 3));
  });

  it('shares a run among threads that a worker started', async () => {
    assert.deepEqual(await runOn(2, true, ON_WORKER), told(true, 2));
  });

  it('runs on one thread where the page is not isolated', async () => {
    assert.deepEqual(await runOn(2, false), told(false, 1));
  });
});
