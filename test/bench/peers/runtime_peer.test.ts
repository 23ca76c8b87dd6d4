import assert from 'node:assert/strict';
import { nodeRuntimes, RuntimePeer } from '../../../bench/peers/runtime_peer.ts';

/** A runtime made up for a test: its network counts the images that it was given. */
const FAKE = `
const loaded = new Map();
require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const { command, arguments: parameters } = JSON.parse(line);
  if (command === 'load') {
    if (parameters.model === 'broken') return console.log('{"error": "not a model"}');
    loaded.set(parameters.id, parameters);
    console.log('{"version": "1.2"}');
    return;
  }
  const { batch, images } = loaded.get(parameters.id);
  const outputs = Array.from({ length: images.shape[0] }, (_, n) => [n, batch]);
  console.log(JSON.stringify(command === 'outputs' ? { outputs } : { latenciesMs: [1000 * parameters.seconds] }));
});`;

const IMAGES = { path: 'images.u8', shape: [4, 1, 1, 3], scale: 1, zeroPoint: 0 } as const;

function fake(): RuntimePeer {
  const start = { title: 'The fake', program: process.execPath, args: ['-e', FAKE] };
  return new RuntimePeer(start, new AbortController().signal);
}

function load(id: string, batch: number, model = 'model') {
  return { id, runtime: 'fake', model, threads: 1, batch, images: IMAGES };
}

describe('RuntimePeer', () => {
  it('loads several networks and runs each by its id', async () => {
    const peer = fake();
    assert.equal((await peer.load(load('one', 1))).version, '1.2');
    assert.equal((await peer.load(load('four', 4))).version, '1.2');
    assert.deepEqual(await peer.outputs('four'), [
      [0, 4],
      [1, 4],
      [2, 4],
      [3, 4],
    ]);
    assert.deepEqual((await peer.outputs('one'))[3], [3, 1]);
    assert.deepEqual(await peer.round('one', 0.25), [250]);
    peer.close();
  });

  it('tells what the runtime says of a model that it cannot load, and goes on', async () => {
    const peer = fake();
    await assert.rejects(peer.load(load('one', 1, 'broken')), {
      name: 'UserError',
      message: 'The fake failed: not a model',
    });
    assert.equal((await peer.load(load('one', 1))).version, '1.2');
    peer.close();
  });
});

describe('node_runtimes.ts', () => {
  it('answers with the error of a runtime', async () => {
    const start = nodeRuntimes('/no/packages/package.json', 'The process of Node');
    const peer = new RuntimePeer(start, new AbortController().signal);
    const unknown = { ...load('one', 1), runtime: 'onnxruntime-web' };
    await assert.rejects(peer.load(unknown), {
      name: 'UserError',
      message: /^The process of Node failed: Cannot find module 'onnxruntime-web/,
    });
    peer.close();
  });
});
