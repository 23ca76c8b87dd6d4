import assert from 'node:assert/strict';
import { kindParts } from '../../../scripts/docs/kind_parts.ts';

describe('kindParts', () => {
  it('shows a measurement on every kind of processor that there is, the best first', () => {
    const parts = kindParts(
      new Map([
        ['executor-avx2', 'slow'],
        ['executor-avx512vnni', 'fast'],
        ['executor-layers-avx2', 'layers'],
        ['training-avx2', 'training'],
      ]),
    );
    assert.equal(
      parts.get('executor'),
      `**AVX-512 VNNI**

fast

![Latencies of one image on one thread, avx512vnni](../bench/results/executor-latencies-avx512vnni.svg)

[Layer by layer](../bench/results/executor-layers-avx512vnni.md), beside what the processor's multiply instructions reach.

**AVX2**

slow

![Latencies of one image on one thread, avx2](../bench/results/executor-latencies-avx2.svg)

[Layer by layer](../bench/results/executor-layers-avx2.md), beside what the processor's multiply instructions reach.`,
    );
    assert.equal(parts.get('training'), '**AVX2**\n\ntraining');
  });
});
