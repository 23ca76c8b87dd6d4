import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { decodeTf8, encodeTf8 } from '../../../quantize/model/tf8_file.ts';
import { isTf8 } from '../../../quantize/model/tf8_magic.ts';
import { outputNames, type Tf8Model } from '../../../quantize/model/tf8_model.ts';
import { QuantizationError } from '../../../quantize/params/errors.ts';
import {
  OPS,
  randomModels,
  randomModelsOfOutputs,
  randomRoundings,
  withChannelScales,
} from './random_models.ts';

const [MODEL] = fc.sample(randomModels({ withEveryOp: true }), { seed: 1, numRuns: 1 }) as [
  Tf8Model,
];
const NAME = 'model.tf8';

/** The magic number, the header's length and the SHA-256. */
const PREFIX = 4 + 4 + 32;

/** A file's header as JSON, and its weights. */
function partsOf(file: Uint8Array): { header: Record<string, unknown>; weights: Uint8Array } {
  const end = PREFIX + new DataView(file.buffer, file.byteOffset).getUint32(4, true);
  const header = JSON.parse(new TextDecoder().decode(file.subarray(PREFIX, end)));
  return { header, weights: file.subarray(end) };
}

function fileOf(header: string | Uint8Array, weights: Uint8Array): Uint8Array {
  const bytes = typeof header === 'string' ? new TextEncoder().encode(header) : header;
  const file = new Uint8Array(PREFIX + bytes.length + weights.length);
  file.set(new TextEncoder().encode('TF8\n'));
  new DataView(file.buffer).setUint32(4, bytes.length, true);
  file.set(bytes, PREFIX);
  file.set(weights, PREFIX + bytes.length);
  file.set(createHash('sha256').update(file.subarray(PREFIX)).digest(), 8);
  return file;
}

// biome-ignore lint/suspicious/noExplicitAny: tests change what the header's type forbids
type AnyHeader = any;

/** The model's file with a changed header. */
async function withHeader(change: (header: AnyHeader) => void): Promise<Uint8Array> {
  const { header, weights } = partsOf(await encodeTf8(MODEL));
  change(header);
  return fileOf(JSON.stringify(header), weights);
}

async function refuses(file: Uint8Array, message: RegExp): Promise<void> {
  await assert.rejects(decodeTf8(file, NAME), (error) => {
    assert.ok(error instanceof QuantizationError, String(error));
    assert.match(error.message, message);
    return true;
  });
}

describe('the TF8 file', () => {
  it('gives back every model it was made of, whatever its operations, shapes and names', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(randomRoundings({ withEveryOp: true }), randomRoundings({ withEveryOp: false })),
        async (model) => assert.deepEqual(await decodeTf8(await encodeTf8(model), NAME), model),
      ),
      { numRuns: 60 },
    );
    assert.deepEqual(new Set(MODEL.nodes.map(({ op }) => op)), new Set(OPS));
  });

  it('gives back every model with several outputs, as version 2', () =>
    fc.assert(
      fc.asyncProperty(randomModelsOfOutputs({ withEveryOp: false }), async (model) => {
        const file = await encodeTf8(model);
        const back = await decodeTf8(file, NAME);
        assert.deepEqual(outputNames(back), model.outputs);
        assert.deepEqual(await encodeTf8(back), file);
        if (back.outputs !== undefined) assert.equal(partsOf(file).header.version, 2);
      }),
      { numRuns: 40 },
    ));

  it('stores one scale a channel of weights, as version 3', async () => {
    const { header } = partsOf(await encodeTf8(withChannelScales(MODEL)));
    assert.equal(header.version, 3);
    assert.equal(partsOf(await encodeTf8(MODEL)).header.version, 2);
  });

  it('has the same bytes where the last node is the output, whether the model says so or not', async () => {
    const outputs = [MODEL.nodes.at(-1)!.name];
    assert.deepEqual(await encodeTf8({ ...MODEL, outputs }), await encodeTf8(MODEL));
  });

  it('refuses a file whose outputs are no nodes', async () => {
    const file = await withHeader((header) => Object.assign(header, { outputs: ['nothing'] }));
    await refuses(file, /^Expected different nodes of .* as its outputs but received "nothing"$/s);
  });

  it('has the same bytes for the same model, whatever the order of its keys', async () => {
    const file = await encodeTf8(MODEL);
    assert.deepEqual(await encodeTf8(MODEL), file);
    assert.deepEqual(await encodeTf8(await decodeTf8(file, NAME)), file);
    const reversed = Object.fromEntries(Object.entries(MODEL).reverse()) as unknown as Tf8Model;
    const nodes = reversed.nodes.map(
      (node) => Object.fromEntries(Object.entries(node).reverse()) as unknown as typeof node,
    );
    assert.deepEqual(await encodeTf8({ ...reversed, nodes }), file);
  });

  it('starts with "TF8\\n" and puts every array at a multiple of 16 bytes', async () => {
    const file = await encodeTf8(MODEL);
    assert.equal(new TextDecoder().decode(file.subarray(0, 4)), 'TF8\n');
    const { header, weights } = partsOf(file);
    assert.equal((file.length - weights.length) % 16, 0);
    for (const node of header.nodes as AnyHeader[]) {
      if (node.weights === undefined) continue;
      assert.equal(node.weights.offset % 16, 0);
      assert.equal(node.bias.offset % 16, 0);
    }
  });

  it('keeps the preprocessing, which a model may lack', async () => {
    const preprocessing = { centralFraction: 0.875, range: { min: -1, max: 1 } };
    const model = { ...MODEL, preprocessing };
    assert.deepEqual(await decodeTf8(await encodeTf8(model), NAME), model);
    const without = await decodeTf8(await encodeTf8(MODEL), NAME);
    assert.ok(!('preprocessing' in without));
    const outside = { ...MODEL, preprocessing: { ...preprocessing, centralFraction: 1.5 } };
    await assert.rejects(encodeTf8(outside), /preprocessing.centralFraction/);
    const reversed = { ...MODEL, preprocessing: { ...preprocessing, range: { min: 1, max: 1 } } };
    await assert.rejects(encodeTf8(reversed), /preprocessing.range: expected min < max$/);
  });

  it('records the rounding by name', async () => {
    assert.equal(partsOf(await encodeTf8(MODEL)).header.rounding, 'f32-multiply-round-half-even');
  });

  it('is read from a Node Buffer within a pool, whose slice() would not copy', async () => {
    const file = await encodeTf8(MODEL);
    const pool = Buffer.alloc(file.length + 64, 0xee);
    for (const offset of [0, 1, 7, 32]) {
      const view = pool.subarray(offset, offset + file.length);
      view.set(file);
      const model = await decodeTf8(view, NAME);
      assert.deepEqual(model, MODEL);
      view.fill(0); // the model keeps no view of what it was read from
      assert.deepEqual(model, MODEL);
    }
  });

  it('is read from an unaligned view', async () => {
    const file = await encodeTf8(MODEL);
    const memory = new Uint8Array(file.length + 5);
    memory.set(file, 3);
    const view = memory.subarray(3, 3 + file.length);
    assert.deepEqual(await decodeTf8(view, NAME), MODEL);
  });

  it('is recognized by its start', async () => {
    assert.ok(isTf8(await encodeTf8(MODEL)));
    assert.ok(isTf8(new TextEncoder().encode('TF8\n')));
    for (const other of ['', 'TF8', '{"format":"tf8"}', 'TF8 1234567'.repeat(4)]) {
      assert.ok(!isTf8(new TextEncoder().encode(other)), other);
    }
  });

  it('is not made of a model that is not sound', async () => {
    const [first, ...others] = MODEL.nodes;
    const nodes = [{ ...first, inputs: ['elsewhere'] }, ...others];
    await assert.rejects(encodeTf8({ ...MODEL, nodes }), /made before conv2d_0.*"elsewhere"/);
  });

  it('is not made of a model whose fields no file can hold', async () => {
    await assert.rejects(encodeTf8({ ...MODEL, name: 'm', labelOffset: -1 }), {
      name: 'QuantizationError',
      message: /m fits no TF8 file: labelOffset/,
    });
  });
});

describe('a damaged TF8 file', () => {
  it('with another start is named, with the remedy', async () => {
    const file = await encodeTf8(MODEL);
    file[0] = 0x54 ^ 1;
    await refuses(file, /^model\.tf8 is not a sound TF8 file: expected it to start with "TF8"/);
    await assert.rejects(decodeTf8(file, NAME), (error) => {
      assert.match((error as QuantizationError).remedy!, /^Quantize its float model again\.$/);
      return true;
    });
    await refuses(new Uint8Array(0), /0 other bytes/);
  });

  it('that is cut off anywhere is refused', async () => {
    const file = await encodeTf8(MODEL);
    const { weights } = partsOf(file);
    const start = file.length - weights.length;
    for (const length of [0, 3]) {
      await refuses(file.subarray(0, length), /start with "TF8"/);
    }
    for (const length of [4, PREFIX - 1]) {
      await refuses(file.subarray(0, length), /it has \d+ bytes, its start alone takes 40/);
    }
    for (const length of [PREFIX, PREFIX + 1, 100, start - 1]) {
      await refuses(file.subarray(0, length), /its header takes \d+ bytes, the file has \d+/);
    }
    for (const length of [start, start + 1, file.length - 1]) {
      await refuses(file.subarray(0, length), /its content does not match its SHA-256/);
    }
  });

  it('with bytes after its end is refused', async () => {
    const file = await encodeTf8(MODEL);
    const longer = new Uint8Array(file.length + 1);
    longer.set(file);
    await refuses(longer, /its content does not match its SHA-256/);
  });

  it('whose header reaches beyond the file is refused', async () => {
    const file = await encodeTf8(MODEL);
    new DataView(file.buffer).setUint32(4, 0xffff_ffff, true);
    await refuses(file, /its header takes 4294967295 bytes, the file has/);
  });

  it('whose header is not JSON, or not UTF-8, is refused', async () => {
    const { weights } = partsOf(await encodeTf8(MODEL));
    await refuses(fileOf('{"format":', weights), /its header is not JSON/);
    await refuses(fileOf('', weights), /its header is not JSON/);
    await refuses(fileOf(Uint8Array.of(0x22, 0xff, 0x22), weights), /its header is not JSON/);
    await refuses(fileOf('null', weights), /in its header, the top: /);
  });

  it('with a bit of its header or its weights flipped is refused by their SHA-256', async () => {
    const original = await encodeTf8(MODEL);
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 8, max: original.length - 1 }),
        fc.integer({ min: 0, max: 7 }),
        async (position, bit) => {
          const file = original.slice();
          file[position] ^= 1 << bit;
          await refuses(file, /its content does not match its SHA-256/);
        },
      ),
      { numRuns: 40 },
    );
  });

  const HEADERS: readonly [string, (header: AnyHeader) => void, RegExp][] = [
    ['of another format', (h) => (h.format = 'tflite'), /in its header, format: /],
    [
      'of a later version',
      (h) => (h.version = 4),
      /^Expected version 1, 2 or 3 of the TF8 file format but .* has version 4$/,
    ],
    ['with a version that is no number', (h) => (h.version = 'x'), /in its header, version: /],
    ['with another rounding', (h) => (h.rounding = 'half-up'), /in its header, rounding: /],
    ['with an unknown field', (h) => (h.extra = 1), /in its header, the top: .*extra/],
    [
      'with an unknown field of a node',
      (h) => (h.nodes[0].dilation = 2),
      /in its header, nodes\.0: .*dilation/,
    ],
    ['with an unknown operation', (h) => (h.nodes[0].op = 'lstm'), /in its header, nodes\.0\.op: /],
    ['without nodes', (h) => (h.nodes = []), /in its header, nodes: /],
    ['without an input', (h) => delete h.input, /in its header, input: /],
    [
      'with a zero point that is no byte',
      (h) => (h.input.quantization.zeroPoint = 256),
      /in its header, input\.quantization\.zeroPoint: /,
    ],
    [
      'with a scale of 0',
      (h) => (h.input.quantization.scale = 0),
      /in its header, input\.quantization\.scale: /,
    ],
    [
      'with a negative offset',
      (h) => (h.nodes[0].weights.offset = -16),
      /in its header, nodes\.0\.weights\.offset: /,
    ],
    [
      'with weights beyond its end',
      (h) => (h.nodes[0].weights.offset = 1 << 20),
      /conv2d_0 needs bytes 1048576 to \d+ of \d+ bytes of weights/,
    ],
    [
      'with biases beyond its end',
      (h) => (h.nodes[0].bias.offset = h.binary.bytes - 3),
      /conv2d_0 needs bytes \d+ to \d+ of \d+ bytes of weights/,
    ],
    [
      'with fewer weights than its header says',
      (h) => (h.binary.bytes += 16),
      /expected \d+ bytes of weights but received \d+/,
    ],
  ];
  for (const [title, change, message] of HEADERS) {
    it(`${title} is refused`, async () => refuses(await withHeader(change), message));
  }

  it('with absurd sizes is refused before anything of that size is allocated', async () => {
    const huge = 2 ** 31;
    const before = process.memoryUsage().arrayBuffers;
    await refuses(
      await withHeader((h) => (h.nodes[0].weights.shape = [1, 1, 1, huge])),
      /needs bytes 0 to 2147483648 of/,
    );
    await refuses(
      await withHeader((h) => (h.nodes[0].weights.shape = [huge, huge, huge, huge])),
      /needs bytes 0 to \S+ of/,
    );
    await refuses(
      await withHeader((h) => (h.nodes[0].bias.length = huge)),
      /needs bytes \d+ to \d+ of/,
    );
    await refuses(
      await withHeader((h) => (h.input.shape = [2 ** 16, 2 ** 15, 1])),
      /Expected 1 to 2147483647 elements in input but its shape is \[65536,32768,1\]/,
    );
    await refuses(
      await withHeader((h) => {
        h.nodes[0].padding = { top: huge, bottom: 0, left: 0, right: 0 };
        h.nodes[0].output.shape[0] += huge;
      }),
      /elements in conv2d_0/,
    );
    assert.ok(process.memoryUsage().arrayBuffers - before < 2 ** 26);
  });

  it('whose graph is not sound is refused', async () => {
    await refuses(
      await withHeader((h) => (h.nodes[1].inputs = ['concat_4'])),
      /Expected inputs that were made before depthwiseConv2d_1 but received "concat_4"/,
    );
  });
});
