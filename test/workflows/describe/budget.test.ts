import assert from 'node:assert/strict';
import { chipMemory, cNetwork } from '../../../quantize/export/c/network.ts';
import { fitBudget } from '../../../workflows/describe/budget.ts';
import { parseBudget } from '../../../workflows/describe/parse_budget.ts';
import { modelOf } from '../../quantize/export/support.ts';

const network = cNetwork(modelOf({}), 'net', 'float');
const memory = chipMemory(network);

describe('a budget', () => {
  it('is bytes, or K, M and G as powers of 1024', () => {
    assert.deepEqual(parseBudget('ram=256K,flash=1M'), { ram: 2 ** 18, flash: 2 ** 20 });
    assert.deepEqual(parseBudget('Flash = 1.5MiB'), { flash: 1.5 * 2 ** 20 });
    assert.deepEqual(parseBudget('ram=100'), { ram: 100 });
  });

  it('of another form is refused', () => {
    for (const text of ['', '256K', 'ram=', 'ram=-1', 'ram=1,ram=2', 'rom=1M', 'ram=1T']) {
      assert.throws(() => parseBudget(text), {
        name: 'UserError',
        message: `Expected a budget such as ram=256K,flash=1M but received ${JSON.stringify(text)}`,
      });
    }
  });

  it('that is enough names no layer', () => {
    const { fits, ram, flash } = fitBudget(network, memory, { ram: 18, flash: 2 ** 20 });
    assert.deepEqual([fits, ram!.over, ram!.layers, flash!.layers], [true, 0, [], []]);
  });

  it('that is not names the layers, and by how much', () => {
    const { weightsBytes, codeBytes } = memory;
    assert.equal(weightsBytes, 32 + 2 * 4);
    const flash = codeBytes + weightsBytes - 3;
    assert.deepEqual(fitBudget(network, memory, { ram: 10, flash }), {
      fits: false,
      ram: { budget: 10, bytes: 18, over: 8, layers: [{ name: 'node_0', bytes: 18, over: 8 }] },
      flash: {
        budget: flash,
        bytes: flash + 3,
        over: 3,
        layers: [{ name: 'node_0', bytes: weightsBytes, over: 3 }],
      },
    });
  });
});
