import assert from 'node:assert/strict';
import { modelsPart } from '../../../scripts/docs/models_part.ts';
import type { ModelsRecord } from '../../../workflows/records/models_record.ts';
import { RECORDS } from './support.ts';

const PLACE = { package: 'some', version: '1.0.0' };

const RECORD: ModelsRecord = {
  date: '2026-11-30',
  environment: RECORDS.explain.environment,
  data: '',
  images: 8,
  litertImages: 3,
  opened: [
    {
      ...PLACE,
      name: 'mask',
      operations: 12,
      unread: '2 TopKV2',
      macs: 2_000_000,
      integerMacs: 1_000_000,
      float: { runtime: 'LiteRT 2.3.0', relativeDifference: 0.0000023 },
      outputs: [
        { name: 'a', sqnrDb: 12.34 },
        { name: 'b', sqnrDb: 'lossless' },
      ],
      tiers: { tiers: ['native avx2', 'wasm', 'reference'], bytes: 1234, differing: 0 },
      litert: { bytes: 5678, differing: 9 },
      onnxRuntime: { bytes: 5678, differing: 21, most: 2 },
      milliseconds: { tf8: 1.234, onnxRuntime: 3.21 },
    },
    { ...PLACE, name: 'odd', operations: 1, unread: '', macs: 0, integerMacs: 0, reason: 'so' },
  ],
  unmeasured: ['large'],
  refused: [{ ...PLACE, name: 'loop', refused: 'a loop' }],
};

describe('the part of a page about models', () => {
  it('has a row for each that was measured, and says how many there are', () => {
    const part = modelsPart(RECORD);
    assert.match(part, /^2 of the 3 models that open are here\. Measured on 8 photographs/);
    const cells = part.split('\n').find((line) => line.startsWith('| mask'))!;
    assert.deepEqual(
      cells.split('|').map((cell) => cell.trim()),
      [
        '',
        'mask',
        '12',
        '2 TopKV2',
        '2.0',
        '50.0 %',
        '2e-6',
        '12.3 to lossless',
        '9 of 5,678 bytes differ',
        '21 of 5,678 bytes differ, by 2 at most',
        '1.2',
        '–',
        '3.2',
        '',
      ],
    );
    assert.match(part, /^\| odd +\| so +\|$/m);
    assert.match(part, /^\| loop +\| a loop +\|$/m);
    const all = modelsPart({ ...RECORD, unmeasured: [] });
    assert.match(all, /^All 2 models that open are here\./);
  });

  it('says why a model is not in ONNX Runtime', () => {
    const [mask] = RECORD.opened;
    const part = modelsPart({ ...RECORD, opened: [{ ...mask, onnxRuntime: { reason: 'no op' } }] });
    assert.match(part, /^\| mask .* \| +no op \|/m);
  });

  it('says what the kernel tiers make of them', () => {
    assert.match(
      modelsPart(RECORD),
      /Of 1,234 bytes of their layers that the other kernel tiers make \(native avx2, wasm\), 0 are not the reference's\./,
    );
    const [, odd] = RECORD.opened;
    assert.ok(!modelsPart({ ...RECORD, opened: [odd] }).includes('kernel tiers'));
  });
});
