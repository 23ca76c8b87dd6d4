import assert from 'node:assert/strict';
import fc from 'fast-check';
import { C } from '../../../../quantize/export/c/c.ts';
import { encodeTf8 } from '../../../../quantize/model/tf8_file.ts';
import type { Tf8Model } from '../../../../quantize/model/tf8_model.ts';
import { randomModels } from '../../model/random_models.ts';
import { MODEL, modelOf, sourceOf } from '../support.ts';

const { recognizes, read } = C.reader!;
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const bytes = (content: string) => new TextEncoder().encode(content);

async function headerOf(model: Tf8Model): Promise<string> {
  return text(C.encode(await sourceOf(model))[0].bytes);
}

/** The model with one pool over the whole image. */
function pooled(shape: readonly [number, number, number]): Tf8Model {
  const model = modelOf({});
  const { quantization } = model.input;
  return {
    ...model,
    input: { ...model.input, shape },
    nodes: [
      {
        op: 'globalAveragePool',
        name: 'pool',
        inputs: ['image'],
        output: { shape: [1, 1, shape[2]], quantization },
      },
    ],
  };
}

describe('the export to C', () => {
  it('is a header and a program that includes it by its name', async () => {
    const source = { ...(await sourceOf(MODEL)), fileName: 'my $& net.h' };
    const [header, program, ...others] = C.encode(source);
    assert.deepEqual([header.suffix, program.suffix, others.length], ['', '.c', 0]);
    assert.match(text(header.bytes), /^\/\* A TF8 network as constants of C99/);
    assert.match(text(program.bytes), /^#include "my \$& net\.h"$/m);
  });

  it('holds only ASCII, whatever the names', () =>
    fc.assert(
      fc.asyncProperty(randomModels({ withEveryOp: false }), async (model) => {
        assert.match(await headerOf(model), /^[\n -~]*$/);
      }),
      { numRuns: 20 },
    ));

  it('writes scales exactly, and members that are 0 not at all', async () => {
    const header = await headerOf(modelOf({}));
    const tensors = /tf8_tensors\[\] = \{\n(.*?)\n\};/s.exec(header)![1];
    assert.equal(
      tensors,
      [
        '  {.name = "image", .height = 4, .width = 4, .channels = 1, .scale = 0x1p-3f, .zero_point = 3, .data = tf8_data_0},',
        '  {.name = "node_0", .height = 1, .width = 1, .channels = 2, .scale = 0x1p-1f, .zero_point = 10, .data = tf8_data_1},',
      ].join('\n'),
    );
    assert.match(header, /static const int32_t tf8_bias_0\[2\] = \{\n5,-6\};/);
    assert.match(header, /tf8_labels\[2\] = \{\n {2}"background",\n {2}"cat",\n\};/);
  });

  it('gives the TF8 model back byte for byte', () =>
    fc.assert(
      fc.asyncProperty(randomModels({ withEveryOp: false }), async (model) => {
        const file = bytes(await headerOf(model));
        assert.ok(recognizes(file));
        const back = await encodeTf8(await read(file, 'm.h'));
        assert.deepEqual(Buffer.from(back), Buffer.from(await encodeTf8(model)));
      }),
      { numRuns: 20 },
    ));

  it('gives biases near the ends of int32 back', async () => {
    const bias = Int32Array.of(-(2 ** 31) + 2_000_000, 2 ** 31 - 2_000_000);
    const model = modelOf({ bias });
    assert.deepEqual(await read(bytes(await headerOf(model)), 'm.h'), model);
  });

  it('refuses a file name that #include cannot hold', async () => {
    const source = await sourceOf(MODEL);
    for (const fileName of ['a"b.h', 'a\\b.h', 'a\nb.h']) {
      assert.throws(() => C.encode({ ...source, fileName }), {
        name: 'QuantizationError',
        message: `Expected a file name that #include can hold but received ${JSON.stringify(fileName)}`,
        remedy: 'Choose a name without quotes, backslashes and line breaks.',
      });
    }
  });

  it('refuses a pool whose sum could leave 32 bits', async () => {
    const fitting = pooled([4096, 4096, 1]);
    assert.match(await headerOf(fitting), /\.window_height = 4096/);
    await assert.rejects(headerOf(pooled([4096, 4097, 1])), {
      name: 'QuantizationError',
      message:
        'Expected a pool over at most 16777216 positions, whose sum fits 32 bits, for pool but its window is 4096 × 4097',
      remedy: 'Export in another format.',
    });
  });
});

describe('readCHeader', () => {
  it('refuses a header without the head of a TF8 file', async () => {
    const header = (await headerOf(MODEL)).replace('TF8_HEAD', 'HEAD');
    await assert.rejects(read(bytes(header), 'm.h'), {
      name: 'QuantizationError',
      message: 'Expected a C header that tf8 exported but m.h has no comment TF8_HEAD',
    });
  });

  it('refuses a head that is not base64', async () => {
    const header = (await headerOf(MODEL)).replace('/* TF8_HEAD\n', '/* TF8_HEAD\n!');
    await assert.rejects(read(bytes(header), 'm.h'), {
      name: 'QuantizationError',
      message: 'Expected base64 as "TF8_HEAD" of m.h',
    });
  });

  it('refuses arrays of another length and arrays that are missing', async () => {
    const header = await headerOf(modelOf({}));
    await assert.rejects(read(bytes(header.replace('\n5,-6}', '\n5}')), 'm.h'), {
      name: 'QuantizationError',
      message:
        'Expected 2 numbers in the next static const int32_t tf8_bias_ of m.h but received 1',
    });
    await assert.rejects(read(bytes(header.replace('tf8_weights_0[', 'weights[')), 'm.h'), {
      name: 'QuantizationError',
      message: /^Expected 32 numbers in the next .*tf8_weights_ of m\.h but received 0$/,
    });
  });

  it('refuses a header with another weight', async () => {
    const header = (await headerOf(modelOf({}))).replace('\n5,-6}', '\n5,-7}');
    await assert.rejects(read(bytes(header), 'm.h'), /does not match its SHA-256/);
  });
});
