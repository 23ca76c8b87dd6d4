import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { checkTopology } from '../../../checkpoints/tfjs/layers_topology.ts';

interface Layer {
  name: string;
  class_name: string;
  config: { name?: string };
  inbound_nodes: unknown[];
}

/** A small functional model with a branch, a shared layer and an inner model, as tfjs writes it. */
function topology(): { class_name: string; config: { layers: Layer[] } } {
  const inside = tf.input({ shape: [4], name: 'inside' });
  const inner = tf.model({
    name: 'inner',
    inputs: inside,
    outputs: tf.layers.dense({ units: 4, name: 'dense' }).apply(inside) as tf.SymbolicTensor,
  });
  const input = tf.input({ shape: [4], name: 'input' });
  const shared = tf.layers.dense({ units: 4, name: 'shared' });
  const once = shared.apply(input) as tf.SymbolicTensor;
  const twice = shared.apply(inner.apply(once) as tf.SymbolicTensor) as tf.SymbolicTensor;
  const sum = tf.layers.add({ name: 'sum' }).apply([once, twice]) as tf.SymbolicTensor;
  const model = tf.model({ inputs: input, outputs: sum });
  const written = JSON.parse(model.toJSON() as unknown as string);
  model.dispose();
  return written;
}

function layersOf(change: (layers: Map<string, Layer>, all: Layer[]) => void): object {
  const json = topology();
  const { layers } = json.config;
  change(new Map(layers.map((layer) => [layer.name, layer])), layers);
  return json;
}

/** Lets the only call of `sum` take one input. */
const sumOf = (from: unknown, call: unknown = 0) =>
  layersOf((layers) => {
    layers.get('sum')!.inbound_nodes = [[[from, call, 0, {}]]];
  });

function refuses(json: unknown, message: RegExp): void {
  assert.throws(() => checkTopology(json, 'model.json'), { name: 'UserError', message });
}

describe('checkTopology', () => {
  it('takes branches, shared layers and inner models, in any order', async () => {
    checkTopology(topology(), 'model.json');
    const reversed = layersOf((_, all) => void all.reverse());
    checkTopology(reversed, 'model.json');
    const model = await tf.loadLayersModel(
      tf.io.fromMemory({
        modelTopology: reversed,
        weightSpecs: [],
        weightData: new ArrayBuffer(0),
      }),
      { strict: false },
    );
    assert.equal(model.layers.length, 4);
    model.dispose();
  });

  it('takes a model that Keras wrote, sequential ones, and the spelling of TensorFlow.js', () => {
    checkTopology({ keras_version: '2.1.6', model_config: topology() }, 'model.json');
    checkTopology({ class_name: 'Sequential', config: { layers: [{ class_name: 'Dense' }] } }, 'm');
    const { config } = topology();
    const layers = config.layers.map(({ class_name, inbound_nodes, ...rest }) => ({
      ...rest,
      className: class_name,
      inboundNodes: inbound_nodes,
    }));
    checkTopology({ className: 'Model', config: { layers } }, 'model.json');
  });

  it('names a layer whose input is not there', () => {
    refuses(
      sumOf('nowhere'),
      /^Expected an order in which the layers of model\.json can be called but "sum" takes its input from "nowhere": there is no such layer$/,
    );
  });

  it('names layers that wait for each other, or for themselves', () => {
    refuses(sumOf('sum'), /"sum" takes its input from "sum": "sum" waits for it in turn$/);
    const circle = layersOf((layers) => {
      layers.get('shared')!.inbound_nodes = [[['sum', 0, 0, {}]]];
      layers.get('sum')!.inbound_nodes = [[['shared', 0, 0, {}]]];
    });
    refuses(circle, /"shared" takes its input from "sum": "sum" waits for it in turn$/);
  });

  it('names a call that a layer has not', () => {
    checkTopology(sumOf('shared', 1), 'model.json');
    refuses(sumOf('shared', 2), /takes its input from "shared": it has no call 2$/);
  });

  it('looks into inner models', () => {
    const broken = layersOf((layers) => {
      const inner = layers.get('inner') as unknown as { config: { layers: Layer[] } };
      inner.config.layers[1].inbound_nodes = [[['gone', 0, 0, {}]]];
    });
    refuses(broken, /"dense" takes its input from "gone": there is no such layer$/);
  });

  it('refuses names that are twice there, or two for one layer, or no text', () => {
    const twice = layersOf((layers) => {
      for (const layer of [layers.get('sum')!]) layer.name = layer.config.name = 'shared';
    });
    refuses(twice, /^Expected one layer "shared" in model\.json but received two$/);
    const other = layersOf((layers) => {
      layers.get('sum')!.config.name = 'total';
    });
    refuses(other, /^Expected "sum" for the name in the configuration of that layer .* "total"$/);
    refuses(sumOf(7), /^Expected the layers of a Keras 2 model in model\.json but: /);
  });

  it('takes a sequential model inside, but none without layers: nothing would call it', async () => {
    const inside = tf.sequential({ layers: [tf.layers.dense({ units: 4, inputShape: [4] })] });
    const input = tf.input({ shape: [4], name: 'input' });
    const output = tf.layers.reLU({ name: 'relu' }).apply(inside.apply(input)) as tf.SymbolicTensor;
    const model = tf.model({ inputs: input, outputs: output });
    const written = JSON.parse(model.toJSON() as unknown as string);
    const { layers } = written.config as { layers: (Layer & { config: { layers: unknown } })[] };
    model.dispose();
    checkTopology(written, 'model.json');
    const sequential = layers.find(({ class_name }) => class_name === 'Sequential')!;
    sequential.config.layers = [];
    sequential.inbound_nodes = [];
    layers.at(-1)!.inbound_nodes = [[[sequential.name, 0, 0, {}]]];
    refuses(written, /takes its input from "sequential_\d+": it has no call 0$/);
  });

  it('refuses fields that tfjs would take for one another', () => {
    for (const [key, value] of [
      ['inboundNodes', [[['gone', 0, 0, {}]]]],
      ['inbound__nodes', [[['gone', 0, 0, {}]]]],
      ['name_', 'other'],
    ] as const) {
      const twice = layersOf((layers) => {
        Object.assign(layers.get('sum')!, { [key]: value });
      });
      refuses(
        twice,
        new RegExp(`^Expected the field "\\w+" once in model\\.json but "${key}" is it too$`),
      );
    }
    const { config } = topology();
    refuses(
      { config: { layers_: config.layers, layers: [] } },
      /^Expected the field "layers" once/,
    );
    const hidden = layersOf((layers) => {
      layers.get('sum')!.inbound_nodes = [[['gone', 0, 0, {}]]];
    }) as { config: { layers: Layer[] } };
    refuses({ config: { layers_: hidden.config.layers } }, /from "gone": there is no such layer$/);
  });

  it('refuses a layer without a name in its configuration: tfjs would give it that of another', () => {
    const unnamed = layersOf((layers) => {
      delete layers.get('sum')!.config.name;
    });
    refuses(unnamed, /^Expected the layers of a Keras 2 model in model\.json but: .*name/);
  });

  it('refuses calls as Keras 3 writes them', () => {
    const three = layersOf((layers) => {
      layers.get('sum')!.inbound_nodes = [{ args: [], kwargs: {} }];
    });
    refuses(three, /^Expected the layers of a Keras 2 model in model\.json but: /);
  });

  it('refuses more layers than any network has, in a moment', () => {
    const layer = (at: number) => ({
      name: `${at}`,
      class_name: 'ReLU',
      config: { name: `${at}` },
      inbound_nodes: [[[`${at + 1}`, 0, 0]]],
    });
    const chain = (length: number) => ({
      layers: [
        ...Array.from({ length }, (_, at) => layer(at)),
        {
          name: `${length}`,
          class_name: 'InputLayer',
          config: { name: `${length}` },
          inbound_nodes: [],
        },
      ],
    });
    checkTopology(chain(4999), 'model.json');
    refuses(chain(5000), /^Expected at most 5000 layers in model\.json but received 5001$/);
    const calls = layersOf((layers) => {
      layers.get('shared')!.inbound_nodes = Array.from({ length: 20_000 }, (_, call) => [
        ['shared', call + 1, 0, {}],
      ]);
    });
    refuses(calls, /^Expected at most 5000 calls of layers in model\.json but received 200\d\d$/);
    const inputs = layersOf((layers) => {
      layers.get('sum')!.inbound_nodes = [Array(20_001).fill(['shared', 0, 0, {}])];
    });
    refuses(
      inputs,
      /^Expected at most 20000 inputs of layers in model\.json but received 200\d\d$/,
    );
    checkTopology({ metadata: Array(300_000).fill(0) }, 'model.json');
  });
});
