import assert from 'node:assert/strict';
import { type FloatGraph, floatGraph } from '../../../architectures/graph/float_graph.ts';
import { NO_PADDING } from '../../../architectures/graph/window.ts';
import { calibrate } from '../../../quantize/convert/calibrate.ts';
import { calibrationNotes } from '../../../quantize/convert/calibration_notes.ts';
import { CalibrationSample } from '../../../quantize/convert/calibration_sample.ts';
import { AS_PUBLISHED, BEST, type Recipe } from '../../../quantize/convert/recipe.ts';
import { someImages } from './support.ts';

const SHAPE = [4, 4, 2] as const;
const IMAGES = 6;

/** One pointwise layer of two channels with a batch norm of β = `beta` and γ = 1. */
function network({ beta = 0, kernel = [1, 0, 0, 1], deadChannels = [] as number[] }): FloatGraph {
  return floatGraph({
    name: 'network',
    input: { name: 'image', shape: SHAPE },
    nodes: [
      {
        op: 'conv2d',
        strides: [1, 1],
        padding: NO_PADDING,
        name: 'layer',
        inputs: ['image'],
        kernel: Float32Array.from(kernel),
        kernelShape: [1, 1, 2, kernel.length / 2],
        bias: new Float32Array(kernel.length / 2),
        activation: 'linear',
        batchNorm: {
          alpha: new Float64Array(kernel.length / 2).fill(1),
          beta: new Float32Array(kernel.length / 2).fill(beta),
          gamma: new Float32Array(kernel.length / 2).fill(1),
          variance: new Float32Array(kernel.length / 2).fill(1),
          deadChannels,
          replacedChannels: [],
        },
      },
    ],
    outputs: ['layer'],
  });
}

async function notesOf(
  graph: FloatGraph,
  images = someImages(IMAGES, SHAPE),
  { weights }: Recipe = AS_PUBLISHED,
): Promise<string> {
  async function* batches() {
    yield { images, shape: [IMAGES, ...SHAPE] as const };
  }
  const sample = new CalibrationSample(graph);
  const ranges = await calibrate(graph, sample.of(batches()));
  return calibrationNotes(graph, ranges, { sample, weights }).join('\n');
}

describe('calibrationNotes', () => {
  it('says nothing of images that a network was trained on', async () => {
    assert.equal(await notesOf(network({})), '');
  });

  it('names a layer whose values are far from the statistics of its batch norm', async () => {
    assert.match(await notesOf(network({ beta: 5 })), /values of layer are far from/);
  });

  it('names an output that hardly differs between images', async () => {
    const [first] = [someImages(1, SHAPE)];
    const same = Float32Array.from({ length: IMAGES * first.length }, (_, i) => {
      return first[i % first.length] + 1e-4 * Math.sin(i);
    });
    assert.match(await notesOf(network({}), same), /outputs layer hardly differ/);
  });

  it('names the tensors whose range one huge value decides', async () => {
    const images = someImages(IMAGES, SHAPE);
    images[3] = 1e5;
    assert.match(await notesOf(network({}), images), /few huge values .* of image, layer:/);
  });

  it('names a layer whose weights few channels leave no steps: dead or merely huge', async () => {
    const kernel = [1, 1, 1000, 1, 1, 1];
    assert.match(await notesOf(network({ kernel })), /huge weights decide .* of layer:/);
    const dead = network({ kernel, deadChannels: [2] });
    assert.match(await notesOf(dead), /zero variance decide .* of layer:/);
    assert.doesNotMatch(await notesOf(dead, undefined, BEST), /zero variance/);
  });

  it('promises no saturation where images leave layers constant', async () => {
    const notes = await notesOf(network({}), new Float32Array(IMAGES * 32));
    assert.match(notes, /leave image, layer constant: the ranges there say nothing/);
  });
});
