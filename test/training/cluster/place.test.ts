import assert from 'node:assert/strict';
import { placeOf, placeOfTfConfig, workerName } from '../../../training/cluster/place.ts';

describe('placeOf', () => {
  it('takes host:port of each worker, with commas between them', () => {
    assert.deepEqual(placeOf('a:1, b.c:22,[::1]:333', 2), {
      addresses: ['a:1', 'b.c:22', '[::1]:333'],
      rank: 2,
    });
  });

  it('names a worker by rank and address', () => {
    assert.equal(workerName(placeOf('a:1,b:2', 0), 1), 'worker 1 (b:2)');
  });

  for (const [what, addresses, rank, message] of [
    ['an address without a port', 'a:1,b', 0, /Expected host:port of a worker but received "b"/],
    ['a port that is none', 'a:70000', 0, /received "a:70000"/],
    ['an address twice', 'a:1,a:1', 0, /a:1 comes twice/],
    ['a rank beyond the workers', 'a:1,b:1', 2, /a rank in \[0, 1\], .* but received 2/],
  ] as const) {
    it(`refuses ${what}`, () => {
      assert.throws(() => placeOf(addresses, rank), { name: 'UserError', message });
    });
  }
});

describe('placeOfTfConfig', () => {
  const config = (cluster: object, task: object) => JSON.stringify({ cluster, task });

  it('is none where the variable is unset, empty or names no cluster', () => {
    assert.deepEqual([undefined, ' ', '{}'].map(placeOfTfConfig), [
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('takes the task of a worker, its index as a number or as text', () => {
    const cluster = { worker: ['a:1', 'b:1'] };
    for (const index of [1, '1']) {
      const place = placeOfTfConfig(config(cluster, { type: 'worker', index }));
      assert.deepEqual(place, { addresses: ['a:1', 'b:1'], rank: 1 });
    }
  });

  it('counts a chief as worker 0, as Keras does', () => {
    const cluster = { worker: ['b:1', 'c:1'], chief: ['a:1'] };
    const place = placeOfTfConfig(config(cluster, { type: 'worker', index: 1 }));
    assert.deepEqual(place, { addresses: ['a:1', 'b:1', 'c:1'], rank: 2 });
  });

  for (const [what, value, message] of [
    ['no JSON', '{', /but it is no JSON/],
    ['a cluster without tasks', '{"cluster": {"worker": "a:1"}}', /TF_CONFIG but/],
    [
      'parameter servers',
      config({ worker: ['a:1'], ps: ['b:1'] }, { type: 'worker', index: 0 }),
      /tasks of the job "ps"/,
    ],
    [
      'an evaluator',
      config({ worker: ['a:1'], evaluator: ['b:1'] }, { type: 'evaluator', index: 0 }),
      /this task is evaluator 0, which does not train/,
    ],
  ] as const) {
    it(`refuses ${what}`, () => {
      assert.throws(() => placeOfTfConfig(value), { name: 'UserError', message });
    });
  }
});
