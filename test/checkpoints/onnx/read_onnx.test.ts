import assert from 'node:assert/strict';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { type FloatGraph, shapeIn } from '../../../architectures/graph/float_graph.ts';
import { FloatRunner } from '../../../architectures/graph/float_runner.ts';
import { loadOnnx } from '../../../checkpoints/onnx/read_onnx.ts';
import {
  type ModelProto,
  ModelProtoSchema,
  NodeProtoSchema,
} from '../../../foundation/onnx/generated/onnx_pb.ts';
import { inFolder } from '../../support/in_folder.ts';
import { floats, ONNX_NETWORKS, type OnnxFixture, onnxBytes } from './onnx_networks.ts';
import { readOnnxBytes } from './read_onnx_bytes.ts';

/** [1, C, H, W] → [1, H, W, C] */
function channelsLast(values: Float32Array, [, c, h, w]: readonly number[]): Float32Array {
  return Float32Array.from({ length: values.length }, (_, at) => {
    const [pixel, channel] = [Math.floor(at / c), at % c];
    return values[channel * h * w + pixel];
  });
}

/** The outputs of a graph for a fixture's image. */
function outputsOf(graph: FloatGraph, { input }: OnnxFixture, isChannelsLast: boolean) {
  const values = floats(input);
  const runner = new FloatRunner(graph);
  try {
    const image = isChannelsLast ? values : channelsLast(values, input.shape);
    return runner.outputs(image, [1, ...graph.input.shape] as [number, number, number, number]);
  } finally {
    runner.dispose();
  }
}

function near(received: Float32Array, expected: Float32Array, title: string): void {
  assert.equal(received.length, expected.length, title);
  const greatest = expected.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  expected.forEach((value, index) => {
    const off = Math.abs(value - received[index]);
    assert.ok(off <= 1e-4 * greatest, `${title}: ${value} at ${index} but ${received[index]}`);
  });
}

function changed(name: string, change: (model: ModelProto) => void): Uint8Array {
  const model = fromBinary(ModelProtoSchema, onnxBytes(name));
  change(model);
  return toBinary(ModelProtoSchema, model);
}

describe('readOnnx', () => {
  for (const [name, fixture] of Object.entries(ONNX_NETWORKS)) {
    if (name === 'unreadable_end') continue;
    it(`gives what ONNX Runtime gives: ${name}`, () => {
      const [, , height, width] = fixture.input.shape;
      const { graph } = readOnnxBytes(onnxBytes(name), `${name}.onnx`, {
        resolution: [height, width],
      });
      const isChannelsLast = name === 'from_tensorflow';
      const outputs = outputsOf(graph, fixture, isChannelsLast);
      assert.equal(outputs.length, fixture.outputs.length);
      fixture.outputs.forEach((expected, index) => {
        const isImage = expected.shape.length === 4 && !isChannelsLast;
        const values = floats(expected);
        near(
          outputs[index],
          isImage ? channelsLast(values, expected.shape) : values,
          `${name} ${graph.outputs[index]} [${shapeIn(graph, graph.outputs[index])}]`,
        );
      });
    });
  }

  it('reads images of an open size for 224 × 224, and says so', () => {
    const { graph, notes } = readOnnxBytes(onnxBytes('open_size'), 'm.onnx');
    assert.deepEqual(graph.input.shape, [224, 224, 3]);
    assert.match(notes.join(), /leaves the size of its images open: it is read for 224 × 224/);
  });

  it('says for what a network takes pixels that scales their channels itself', () => {
    const { range, notes } = readOnnxBytes(onnxBytes('flattened'), 'm.onnx');
    assert.deepEqual(range, { min: 0, max: 1 });
    assert.match(notes.join(), /scales the channels of pixels of \[0, 1\] itself/);
  });

  it('ends the network before what no float graph can hold, and names it', () => {
    const { graph, unread, origin } = readOnnxBytes(onnxBytes('unreadable_end'), 'm.onnx');
    assert.equal(graph.outputs.length, 1);
    assert.deepEqual(shapeIn(graph, graph.outputs[0]), [5]);
    assert.deepEqual(
      unread.map(({ op, reason }) => ({ op, reason })),
      [
        { op: 'ArgMax', reason: 'the operator' },
        { op: 'Cast', reason: undefined },
      ],
    );
    assert.deepEqual([...origin.outputs.keys()], graph.outputs);
  });

  it('refuses by name what it does not have in the middle of a network', () => {
    const bytes = changed('mobilenet', ({ graph }) => {
      graph!.node[1] = create(NodeProtoSchema, { ...graph!.node[1], opType: 'LSTM' });
    });
    assert.throws(() => readOnnxBytes(bytes, 'm.onnx'), {
      name: 'UnsupportedOnnxError',
      message:
        /^Expected a network of operations that tf8 has but t\d of m\.onnx is LSTM: it does not have the operator$/,
    });
    const own = changed('mobilenet', ({ graph }) => {
      graph!.node[0].domain = 'my.domain';
    });
    assert.throws(
      () => readOnnxBytes(own, 'm.onnx'),
      /is Conv: it does not have operators of my\.domain/,
    );
  });

  it('leaves out another input with what it feeds', () => {
    const two = changed('mobilenet', ({ graph }) => {
      graph!.input.unshift({ ...graph!.input[0], name: 'mask' });
      const scaled = { opType: 'Mul', input: [graph!.output[0].name, 'mask'], output: ['scaled'] };
      graph!.node.push(create(NodeProtoSchema, scaled));
      graph!.output.push({ ...graph!.output[0], name: 'scaled' });
    });
    const { graph, unread, origin } = readOnnxBytes(two, 'm.onnx');
    assert.equal(origin.input, 'x');
    assert.equal(graph.outputs.length, 1);
    assert.deepEqual(unread, [{ name: 'scaled', op: 'Mul', reason: undefined }]);
  });

  it('leaves out a resizing whose mode would move pixels', () => {
    const moved = changed('resized', ({ graph }) => {
      for (const { opType, attribute } of graph!.node) {
        const mode = attribute.find(({ name }) => name === 'nearest_mode');
        if (opType === 'Resize' && mode !== undefined) mode.s = new TextEncoder().encode('ceil');
      }
    });
    const { unread } = readOnnxBytes(moved, 'm.onnx');
    assert.deepEqual(
      unread.map(({ reason }) => reason),
      ['the mode nearest (asymmetric, ceil) from 6 × 8 to 18 × 8'],
    );
  });

  it('says of a quantized network that the float one is wanted', () => {
    const bytes = changed('mobilenet', ({ graph }) => {
      graph!.node[1] = create(NodeProtoSchema, { ...graph!.node[1], opType: 'QuantizeLinear' });
    });
    assert.throws(() => readOnnxBytes(bytes, 'm.onnx'), {
      remedy: /quantized already: give the float network/,
    });
  });

  it('says of several images, and of inputs that are none, which they are', () => {
    const two = changed('mobilenet', ({ graph }) => {
      graph!.input.push({ ...graph!.input[0], name: 'mask' });
      const conv = graph!.node.find(({ opType }) => opType === 'Conv')!;
      const other = { ...conv, input: ['mask', ...conv.input.slice(1)], output: ['other'] };
      graph!.node.push(create(NodeProtoSchema, other));
    });
    assert.throws(
      () => readOnnxBytes(two, 'm.onnx'),
      /one input of images in m\.onnx but received 2: x, mask/,
    );
    const flat = changed('mobilenet', ({ graph }) => {
      const { value } = graph!.input[0].type!;
      if (value.case === 'tensorType') value.value.shape!.dim.length = 2;
    });
    assert.throws(() => readOnnxBytes(flat, 'm.onnx'), /its input x is \[\?,3\], no image/);
  });

  it('says that a file is damaged, or a constant of it', () => {
    assert.throws(() => readOnnxBytes(Uint8Array.of(255, 255), 'm.onnx'), /m\.onnx is damaged/);
    assert.throws(
      () => readOnnxBytes(Uint8Array.of(), 'm.onnx'),
      /m\.onnx is damaged: it has no graph/,
    );
    const short = changed('mobilenet', ({ graph }) => {
      graph!.initializer[0].rawData = new Uint8Array(5);
    });
    assert.throws(() => readOnnxBytes(short, 'm.onnx'), /c0 has 5 bytes, not 864/);
    const strings = changed('mobilenet', ({ graph }) => {
      graph!.initializer[0].dataType = 8;
    });
    assert.throws(() => readOnnxBytes(strings, 'm.onnx'), {
      message:
        "Expected constants of numbers in m.onnx but c0 is of ONNX's data type 8, which is not read",
      remedy: 'Export the network in float32, or quantized to 8 bits.',
    });
  });

  it('reads constants in bfloat16, the upper halves of float32', () => {
    const halves = (raw: Uint8Array) => raw.filter((_, index) => index % 4 >= 2);
    const short = changed('mobilenet', ({ graph }) => {
      const [first] = graph!.initializer;
      Object.assign(first, { dataType: 16, rawData: halves(first.rawData) });
    });
    const listed = changed('mobilenet', ({ graph }) => {
      const [first] = graph!.initializer;
      const bits = halves(first.rawData);
      const int32Data = Array.from(
        { length: bits.length / 2 },
        (_, index) => bits[2 * index] + 256 * bits[2 * index + 1],
      );
      Object.assign(first, { dataType: 16, rawData: new Uint8Array(), int32Data });
    });
    const cut = changed('mobilenet', ({ graph }) => {
      const [first] = graph!.initializer;
      first.rawData = first.rawData.map((byte, index) => (index % 4 >= 2 ? byte : 0));
    });
    const nodesOf = (bytes: Uint8Array) => readOnnxBytes(bytes, 'm.onnx').graph.nodes;
    assert.deepEqual(nodesOf(short), nodesOf(cut));
    assert.deepEqual(nodesOf(listed), nodesOf(cut));
  });
});

describe('loadOnnx', () => {
  /** The first constant in another file. */
  function external(location: string): { readonly model: Uint8Array; readonly data: Uint8Array } {
    let data = new Uint8Array();
    const model = changed('mobilenet', ({ graph }) => {
      const [first] = graph!.initializer;
      data = Uint8Array.from([1, 2, 3, 4, ...first.rawData]);
      first.rawData = new Uint8Array();
      first.dataLocation = 1;
      first.externalData = [
        { key: 'location', value: location },
        { key: 'offset', value: '4' },
        { key: 'length', value: String(data.length - 4) },
      ].map((entry) => ({ $typeName: 'onnx.StringStringEntryProto', ...entry }));
    });
    return { model, data };
  }

  it('reads constants from a file beside the model', () =>
    inFolder(async (folder) => {
      const { model, data } = external('weights/m.data');
      await mkdir(join(folder, 'weights'));
      await writeFile(join(folder, 'm.onnx'), model);
      await assert.rejects(loadOnnx(join(folder, 'm.onnx')), /m\.data but there is no such file/);
      await writeFile(join(folder, 'weights/m.data'), data);
      const { graph } = await loadOnnx(join(folder, 'm.onnx'));
      const own = readOnnxBytes(onnxBytes('mobilenet'), 'm.onnx').graph;
      assert.deepEqual(graph.nodes, own.nodes);
      await writeFile(join(folder, 'weights/m.data'), data.subarray(0, 100));
      await assert.rejects(
        loadOnnx(join(folder, 'm.onnx')),
        /is bytes 4 to \d+ of weights\/m\.data, which has 100/,
      );
    }));

  it('reads none from outside of its folder, nor by a link', () =>
    inFolder(async (folder) => {
      const inner = join(folder, 'inner');
      await mkdir(inner);
      await writeFile(join(folder, 'm.data'), external('').data);
      for (const location of ['../m.data', join(folder, 'm.data'), '']) {
        await writeFile(join(inner, 'm.onnx'), external(location).model);
        await assert.rejects(loadOnnx(join(inner, 'm.onnx')), {
          name: 'UserError',
          message: /^Expected the constants of .* in its folder but they are in "/,
        });
      }
      await symlink(join(folder, 'm.data'), join(inner, 'link.data'));
      await writeFile(join(inner, 'm.onnx'), external('link.data').model);
      await assert.rejects(
        loadOnnx(join(inner, 'm.onnx')),
        /in its folder but they are in "link\.data"/,
      );
    }));
});
