import assert from 'node:assert/strict';
import { Analyzer } from '../../../quantize/analyze/analyzer.ts';
import { ProfileMeter } from '../../../quantize/analyze/profile_meter.ts';
import { Tf8Plan } from '../../../quantize/execute/plan.ts';
import { REFERENCE_KERNELS } from '../../../quantize/kernels/reference.ts';
import { withRounding } from '../../../quantize/model/tf8_model.ts';
import { analyze, convert, DOUBLE_KERNELS, healthyGraph, PHOTOGRAPHS } from './support.ts';

const kernels = REFERENCE_KERNELS;
const graph = healthyGraph();
const plain = convert(graph);
const model = withRounding(plain, 'double-rounding');

function measured() {
  using profile = new ProfileMeter({ model, plain, kernels });
  using analyzer = new Analyzer({ graph, model, floats: DOUBLE_KERNELS, kernels, profile });
  const half = PHOTOGRAPHS.length / 2;
  const logits = [0, half].map((from) => analyzer.add(PHOTOGRAPHS.slice(from, from + half)));
  analyzer.addEffects(PHOTOGRAPHS);
  return { ...analyzer.analysis(), logits: logits.map(({ plain }) => plain?.length) };
}

describe('ProfileMeter', () => {
  const { profile, layers, logits } = measured();
  const outputs = model.nodes.map(({ name }) => name);
  const [ours, theirs] = [model, plain].map((network) => {
    const plan = new Tf8Plan(network, { kernels, outputs });
    return new Map([...plan.run(PHOTOGRAPHS)].map(([name, bytes]) => [name, bytes.slice()]));
  });

  it('counts the bytes that the rule changes up to each layer', () => {
    assert.equal(profile!.name, 'double-rounding');
    for (const { layer, elements, differing, maxDifference } of profile!.layers) {
      const [a, b] = [ours.get(layer)!, theirs.get(layer)!];
      const differences = [...a].map((byte, i) => Math.abs(byte - b[i]));
      assert.equal(elements, a.length);
      assert.equal(differing, differences.filter((difference) => difference > 0).length);
      assert.equal(maxDifference, Math.max(...differences));
    }
    assert.ok(profile!.layers.some(({ differing }) => differing > 0));
  });

  it('counts in the first layer the same bytes alone and up to it', () => {
    const [{ differingHere, differing }] = profile!.layers;
    assert.equal(differingHere, differing);
  });

  it('has the decibels of both networks against float', () => {
    const before = analyze(graph, plain).layers;
    profile!.layers.forEach(({ sqnrDb, defaultSqnrDb }, index) => {
      assert.equal(sqnrDb, layers[index].cumulativeSqnrDb);
      assert.equal(defaultSqnrDb, before[index].cumulativeSqnrDb);
    });
  });

  it('gives what the default rule makes of the images', () => {
    assert.ok(logits.every((length) => length !== undefined && length > 0));
  });
});
