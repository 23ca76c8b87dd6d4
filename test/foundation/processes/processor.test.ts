import assert from 'node:assert/strict';
import {
  examineProcessor,
  processorName,
  processorNameOf,
} from '../../../foundation/processes/processor.ts';

const cpuinfo = (family: number, model: number) =>
  `processor\t: 0\ncpu family\t: ${family}\nmodel\t\t: ${model}\nmodel name\t: AMD EPYC\nstepping\t: 1\n`;

describe('processorNameOf', () => {
  it('tells two kinds apart that the system names alike', () => {
    const model = 'AMD EPYC';
    assert.equal(
      processorNameOf({ model, features: ['SSE4.1', 'AVX2', 'FMA'] }, cpuinfo(25, 1)),
      'AMD EPYC (family 25, model 1, AVX2)',
    );
    assert.equal(
      processorNameOf({ model, features: ['AVX2', 'AVX-512BW', 'AVX-512 VNNI'] }, cpuinfo(25, 17)),
      'AMD EPYC (family 25, model 17, AVX-512 VNNI)',
    );
  });

  it('names what the system tells, and no more', () => {
    const model = 'Apple M1';
    const features = ['NEON', 'NEON dot product'];
    assert.equal(processorNameOf({ model, features }, ''), 'Apple M1 (NEON dot product)');
    assert.equal(processorNameOf({ model, features: undefined }, ''), 'Apple M1');
  });
});

describe('processorName', () => {
  it('begins with the name that the system gives', async () => {
    const { model } = await examineProcessor();
    assert.ok((await processorName()).startsWith(model));
  });
});
