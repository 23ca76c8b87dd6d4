import assert from 'node:assert/strict';
import { costOfNetwork } from '../../../architectures/layer_costs.ts';
import { STANDARD } from '../../../architectures/variants.ts';
import { operationOf, type Tf8Node } from '../../../quantize/ops/table.ts';

describe('the multiply-accumulates of an operation', () => {
  const node = (op: string, shape: readonly number[], weights?: readonly number[]) =>
    ({ op, output: { shape }, ...(weights && { weights: { shape: weights } }) }) as Tf8Node;

  const macsOf = (each: Tf8Node) => operationOf(each).macs(each);

  it('counts as the network costs do', () => {
    const { layers } = costOfNetwork({
      network: 'mobilenet_v1',
      variant: STANDARD,
      widthMultiplier: 1,
      resolution: 224,
      classes: 1001,
    });
    const cost = (name: string) => layers.find((layer) => layer.name === name)!.macs;
    const first = node('conv2d', [112, 112, 32], [3, 3, 3, 32]);
    assert.equal(macsOf(first), cost('Conv2d_0'));
    const depthwise = node('depthwiseConv2d', [112, 112, 32], [3, 3, 32, 1]);
    assert.equal(macsOf(depthwise), cost('Conv2d_1_depthwise'));
    const logits = node('fullyConnected', [1, 1, 1001], [1, 1, 1024, 1001]);
    assert.equal(macsOf(logits), cost('Conv2d_1c_1x1'));
  });

  it('counts nothing for what multiplies nothing', () => {
    assert.equal(macsOf(node('maxPool2d', [7, 7, 64])), 0);
  });
});
