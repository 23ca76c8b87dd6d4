import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { waitForWorkers } from '../../../training/cluster/wait_for_workers.ts';
import { freePort } from './run_worker.ts';

describe('waitForWorkers', () => {
  let server: Server;
  let there: string;
  let missing: string;

  before(async () => {
    server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    there = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    missing = `127.0.0.1:${await freePort()}`;
  });
  after(() => server.close());

  const wait = (seconds: number, signal = new AbortController().signal) =>
    waitForWorkers({ addresses: [there, missing], rank: 0 }, seconds, signal);

  it('names those that do not answer within the time, and what helps', () =>
    assert.rejects(wait(0.3), {
      name: 'ClusterError',
      message: `Expected 2 workers but worker 1 (${missing}) did not answer within 0.3 s`,
      remedy: /start all again/,
    }));

  it('ends where all answer', () =>
    waitForWorkers({ addresses: [there, there], rank: 0 }, 0.3, new AbortController().signal));

  it('ends when it is aborted', async () => {
    const reason = new Error('stopped');
    const abort = new AbortController();
    setTimeout(() => abort.abort(reason), 50);
    await assert.rejects(wait(300, abort.signal), (error: Error) => {
      return error === reason || error.cause === reason;
    });
  });
});
