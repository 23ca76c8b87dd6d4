import assert from 'node:assert/strict';
import { type TakenWeights, tf8FromHead, tf8Head } from '../../../quantize/export/tf8_head.ts';
import { littleEndian } from '../../../quantize/params/little_endian.ts';
import { modelOf, sourceOf } from './support.ts';

describe('tf8FromHead', () => {
  const model = modelOf({});
  const [node] = model.nodes;
  const taken: TakenWeights = { weights: node.weights.data, bias: littleEndian(node.bias) };
  let head: Uint8Array;

  before(async () => {
    head = tf8Head((await sourceOf(model)).tf8);
  });

  const back = (from: Uint8Array, take = () => taken, limit = 100) =>
    tf8FromHead(from, take, limit, 'm.x');
  const refused = (reason: string) => ({
    name: 'QuantizationError',
    message: `m.x does not give its TF8 model back: ${reason}`,
    remedy: 'Export the model again.',
  });

  it('puts a TF8 model together from its head and its weights', async () => {
    assert.deepEqual(await back(head), model);
  });

  it('refuses a head that was cut off', async () => {
    await assert.rejects(
      back(head.subarray(0, 20)),
      refused('its head of a TF8 file is not whole (20 bytes)'),
    );
    await assert.rejects(
      back(head.subarray(0, 60)),
      refused('its head of a TF8 file is not whole (60 bytes)'),
    );
  });

  it('refuses a head that is not that of a TF8 file', async () => {
    const other = head.slice().fill(0x20, 40);
    await assert.rejects(back(other), refused('its head of a TF8 file has another form'));
  });

  it('refuses a head that claims more weights than the export has bytes, before it takes memory', async () => {
    await assert.rejects(
      back(head, () => taken, 3),
      refused('its 3 bytes cannot hold 48 bytes of weights'),
    );
  });

  it('refuses weights that are longer than their place', async () => {
    const long = { ...taken, bias: new Uint8Array(64) };
    await assert.rejects(
      back(head, () => long),
      refused('a weight lies outside the weights'),
    );
  });
});
