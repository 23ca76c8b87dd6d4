import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { BilinearUpSampling2d } from '../../../architectures/graph/bilinear_up_sampling2d.ts';
import { GraphOperation } from '../../../architectures/graph/graph_operation.ts';
import { GroupedConv2d } from '../../../architectures/graph/grouped_conv2d.ts';
import type { FlatLayer } from '../../../checkpoints/tfjs/flat_network.ts';
import { GeneralRelu } from '../../../checkpoints/tfjs/general_relu.ts';
import { rulesOf } from '../../../checkpoints/tfjs/keras_fields.ts';
import type { Fields } from '../../../checkpoints/tfjs/keras_values.ts';
import { rewriteLayer } from '../../../checkpoints/tfjs/rewrite_layer.ts';

const VERSIONS = [2, 3] as const;

/** Version of Keras → class → what it saves of a layer of that class. */
const SAVED: Readonly<Record<string, Readonly<Record<string, Fields>>>> = JSON.parse(
  readFileSync(join(import.meta.dirname, '../fixtures/keras_layer_fields.json'), 'utf8'),
);

/** Classes of Keras that TensorFlow.js lacks, and that are no part of what is computed here. */
const NOT_READ = ['Subtract'];

/** Bases of other classes, and pipelines of texts. */
const ABSTRACT = ['BaseRandomLayer', 'SeparableConv', 'PipelineModel', 'Model', 'Functional'];

/** Another value of each field that TensorFlow.js needs. */
const CHANGED: Readonly<Record<string, unknown>> = {
  filters: 3,
  units: 3,
  kernel_size: [5, 5],
  strides: [3, 3],
  dilation_rate: [2, 2],
  data_format: 'channels_first',
  use_bias: false,
  depth_multiplier: 2,
  pool_size: [3, 3],
  padding: [
    [2, 2],
    [3, 3],
  ],
  cropping: [
    [2, 2],
    [3, 3],
  ],
  size: [3, 3],
  target_shape: [2, 4],
  dims: [1, 2],
  axis: 1,
  axes: 2,
  normalize: true,
  epsilon: 0.01,
  center: false,
  scale: false,
  theta: 0.5,
  alpha: 0.5,
  shared_axes: [1, 2],
  rate: 0.25,
  stddev: 0.25,
};

/** What TensorFlow.js computes with but does not say of a layer. */
const UNSAID = [
  ...Object.keys(SAVED[2]).map((name) => `${name}.name`),
  'SeparableConv2D.depth_multiplier',
];

function flat(className: string, config: Fields): FlatLayer {
  const name = 'mine';
  return { name, ownName: name, className, module: undefined, config, calls: [], models: [] };
}

const rewrite = (className: string, config: Fields, version: 2 | 3) =>
  rewriteLayer(flat(className, config), { version, isOwnFile: false }, 'model.json');

function refuses(className: string, config: Fields, version: 2 | 3, what: string): void {
  assert.throws(
    () => rewrite(className, config, version),
    (error: Error) => {
      assert.equal(error.name, 'UserError', String(error));
      const start = `TF8 does not support mine (${className}) of model.json: `;
      assert.ok(error.message.startsWith(start), error.message);
      assert.ok(error.message.includes(what), `${error.message}: expected ${what}`);
      return true;
    },
  );
}

/** Rows of the table that layers can be read with. */
function fieldsOf(className: string) {
  const rules = rulesOf(className);
  assert.ok(rules !== undefined, className);
  return 'refused' in rules ? undefined : 'fields' in rules ? rules.fields : rules.identity;
}

/** Layers of our own, which no file names. */
const OURS: readonly string[] = [
  GeneralRelu.className,
  GraphOperation.className,
  GroupedConv2d.className,
  BilinearUpSampling2d.className,
];

describe("the table of Keras' fields", () => {
  it('has a row for every layer of TensorFlow.js', () => {
    const { classNameMap } = tf.serialization.SerializationMap.getMap();
    const names = Object.entries(classNameMap)
      .filter(([, [layer]]) => layer.prototype instanceof tf.layers.Layer)
      .map(([name]) => name)
      .filter((name) => !ABSTRACT.includes(name) && !OURS.includes(name));
    assert.ok(names.length > 60, String(names.length));
    const missing = names.filter((name) => name !== 'Sequential' && rulesOf(name) === undefined);
    assert.deepEqual(missing, []);
  });

  for (const version of VERSIONS) {
    const layers = Object.entries(SAVED[version]).filter(([name]) => !NOT_READ.includes(name));

    it(`knows every field of every layer of Keras ${version}`, () => {
      for (const [className, config] of layers) {
        const fields = fieldsOf(className);
        if (fields === undefined) refuses(className, config, version, 'it ');
        const unknown = Object.keys(config).filter((field) => fields && !(field in fields));
        assert.deepEqual(unknown, [], className);
      }
    });

    it(`takes layers of Keras ${version} as they are saved`, () => {
      for (const [className, config] of layers) {
        if (fieldsOf(className) !== undefined) rewrite(className, config, version);
      }
    });

    it(`refuses by class, layer and field what a layer of Keras ${version} does not have`, () => {
      for (const [className, config] of layers) {
        if (fieldsOf(className) === undefined) continue;
        const what = 'its field "twist" is not known';
        refuses(className, { ...config, twist: 1 }, version, what);
        rewrite(className, { ...config, twist: null }, version);
      }
    });

    it(`refuses by class, layer and field what TensorFlow.js would not compute of Keras ${version}`, () => {
      for (const [className, config] of layers) {
        for (const [field, rule] of Object.entries(fieldsOf(className) ?? {})) {
          if (typeof rule !== 'object') continue;
          refuses(
            className,
            { ...config, [field]: 'twisted' },
            version,
            `its ${field} is "twisted"`,
          );
        }
      }
    });

    it(`hands every needed field of Keras ${version} to TensorFlow.js, which takes it`, () => {
      for (const [className, config] of layers) {
        for (const [field, rule] of Object.entries(fieldsOf(className) ?? {})) {
          if (rule !== 'needed' || !(field in config)) continue;
          if (UNSAID.includes(`${className}.${field}`)) continue;
          const changed = { ...config, [field]: CHANGED[field] };
          const received = builtConfig(rewrite(className, changed, version));
          assert.deepEqual(received[camelCase(field)], CHANGED[field], `${className}.${field}`);
        }
      }
    });

    it(`leaves out what only the training of Keras ${version} asks for`, () => {
      const other = { class_name: 'Mine', config: { a: 1 } };
      for (const [className, config] of layers) {
        const expected = JSON.stringify(rewriteOrRefuse(className, config, version));
        for (const [field, rule] of Object.entries(fieldsOf(className) ?? {})) {
          if (rule !== 'training' && rule !== 'meaningless') continue;
          const received = rewriteOrRefuse(className, { ...config, [field]: other }, version);
          assert.equal(JSON.stringify(received), expected, `${className}.${field}`);
        }
      }
    });
  }
});

describe("Keras' upsampling between values", () => {
  const layer = flat('UpSampling2D', { interpolation: 'bilinear', size: 3, dtype: 'float32' });

  it("is a layer of our own in Keras' own files, which place it elsewhere than TensorFlow.js", () => {
    const rewritten = rewriteLayer(layer, { version: 3, isOwnFile: true }, 'model.keras');
    const config = { size: [3, 3] };
    assert.deepEqual(rewritten.layers, [{ className: 'BilinearUpSampling2D', config }]);
  });

  it('is refused where TensorFlow.js runs the file, as are its other ways', () => {
    const what = 'its interpolation is "bilinear"; it has "nearest"';
    refuses('UpSampling2D', layer.config, 3, what);
    const cubic = { ...layer, config: { ...layer.config, interpolation: 'bicubic' } };
    assert.throws(
      () => rewriteLayer(cubic, { version: 3, isOwnFile: true }, 'model.keras'),
      /its interpolation is "bicubic"; it has "nearest" or "bilinear"$/,
    );
    const config = { ...layer.config, data_format: 'channels_first' };
    assert.throws(
      () => rewriteLayer({ ...layer, config }, { version: 3, isOwnFile: true }, 'model.keras'),
      /its interpolation is "bilinear" and its data_format "channels_first"$/,
    );
  });
});

function rewriteOrRefuse(className: string, config: Fields, version: 2 | 3) {
  return fieldsOf(className) === undefined ? undefined : rewrite(className, config, version);
}

/** What the layer says of itself that TensorFlow.js makes. */
function builtConfig({ layers }: ReturnType<typeof rewrite>): Record<string, unknown> {
  const [{ className, config }] = layers!;
  const { classNameMap } = tf.serialization.SerializationMap.getMap();
  const [layerClass, fromConfig] = classNameMap[className];
  const named = Object.entries(config).map(([field, value]) => [
    camelCase(field),
    inCamelCase(value),
  ]);
  const layer = fromConfig(layerClass, Object.fromEntries(named)) as tf.layers.Layer;
  const received = layer.getConfig() as Record<string, unknown>;
  const { dataFormat } = received;
  return dataFormat === 'channelsFirst' ? { ...received, dataFormat: 'channels_first' } : received;
}

function inCamelCase(value: unknown): unknown {
  return typeof value === 'string' ? camelCase(value) : value;
}

function camelCase(text: string): string {
  return text.replace(/_(\w)/g, (_, next: string) => next.toUpperCase());
}
