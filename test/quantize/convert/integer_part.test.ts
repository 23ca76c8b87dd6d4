import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { readLayersModel } from '../../../architectures/graph/read_layers_model.ts';
import { fuseGraph } from '../../../quantize/convert/fuse.ts';
import { integerPart, leftOutNote } from '../../../quantize/convert/integer_part.ts';
import { chain, networkOf } from './support.ts';

const l = tf.layers;

/** A body, and behind a batch norm over rows, which TF8 has not, a convolution of so many outputs. */
function ofRows(filters: number) {
  return networkOf(
    [8, 8, 3],
    chain(
      l.conv2d({ name: 'body', filters: 4, kernelSize: 3 }),
      l.reLU({ name: 'relu' }),
      l.batchNormalization({ name: 'rows', axis: 1 }),
      l.conv2d({ name: 'tail', filters, kernelSize: 1 }),
    ),
  );
}

describe('integerPart', () => {
  it('is the network as it was read where TF8 has all of it', () => {
    const read = readLayersModel(
      networkOf([8, 8, 3], chain(l.conv2d({ name: 'body', filters: 4, kernelSize: 3 }))),
    );
    const part = integerPart(read);
    assert.equal(part.graph, read);
    assert.deepEqual(part.leftOut, []);
    assert.equal(leftOutNote(part), undefined);
  });

  it('ends where something begins that TF8 has not: in what that reads, activations included', () => {
    const read = readLayersModel(ofRows(1));
    const part = integerPart(read);
    assert.deepEqual(part.graph.outputs, ['relu']);
    const macs = { body: 6 * 6 * 4 * 27, tail: 6 * 6 * 4 };
    assert.deepEqual(
      part.leftOut.map(({ name, op }) => [name, op]),
      [
        ['rows', 'BatchNormalization'],
        ['tail', 'Conv2D'],
      ],
    );
    const share = macs.tail / (macs.body + macs.tail);
    assert.ok(Math.abs(part.leftOut[1].macsShare! - share) < 1e-9);
    assert.equal(
      leftOutNote(part),
      'it ends in relu: rows (BatchNormalization), tail (Conv2D) are left out, 3.6 % of the multiply-accumulates',
    );
    assert.deepEqual(fuseGraph(part.graph, { zeroVariance: 'keep' }).outputs, ['body']);
  });

  it('lists what its file has behind the graph, by kind', () => {
    const read = readLayersModel(ofRows(1));
    const unread = [
      { name: 'top', op: 'TopKV2', reason: 'the operation; it has Conv2D' },
      { name: 'a', op: 'GatherV2', reason: undefined },
      { name: 'b', op: 'GatherV2', reason: undefined },
    ];
    const part = integerPart(read, ['relu'], unread);
    assert.deepEqual(part.leftOut.slice(-3), [
      { name: 'top', op: 'TopKV2', reason: 'the operation; it has Conv2D' },
      { name: 'a', op: 'GatherV2' },
      { name: 'b', op: 'GatherV2' },
    ]);
    assert.equal(
      leftOutNote(part),
      'it ends in relu: rows (BatchNormalization), tail (Conv2D) are left out, 3.6 % of the multiply-accumulates; 3 operations are left out that no network of TF8 has: 2 GatherV2, 1 TopKV2, from top on (TopKV2: the operation)',
    );
  });

  it('leaves a network whole of which it would lose more than half', () => {
    const read = readLayersModel(ofRows(1000));
    assert.deepEqual(integerPart(read), { graph: read, leftOut: [] });
    assert.throws(() => fuseGraph(read, { zeroVariance: 'keep' }), /does not support rows/);
  });

  it('ends in the layers that are asked for, their activations included', () => {
    const { graph, leftOut } = integerPart(readLayersModel(ofRows(1)), ['body']);
    assert.deepEqual(graph.outputs, ['relu']);
    assert.deepEqual(
      leftOut.map(({ name }) => name),
      ['rows', 'tail'],
    );
  });

  it('refuses an output that the network does not make, naming what it makes', () => {
    const read = readLayersModel(ofRows(1));
    assert.throws(() => integerPart(read, ['nothing']), {
      name: 'QuantizationError',
      message: 'Expected tensors of network as outputs but it makes none that is called nothing',
      remedy: 'It makes body, relu, rows, tail.',
    });
  });
});
