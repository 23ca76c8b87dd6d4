import assert from 'node:assert/strict';
import fc from 'fast-check';
import { C } from '../../../../quantize/export/c/c.ts';
import { prefixOf } from '../../../../quantize/export/c/prefix.ts';
import { encodeTf8 } from '../../../../quantize/model/tf8_file.ts';
import type { Tf8Model } from '../../../../quantize/model/tf8_model.ts';
import { randomRoundings } from '../../model/random_models.ts';
import { MODEL, modelOf, sourceOf } from '../support.ts';

const { recognizes, read } = C.reader!;
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const bytes = (content: string) => new TextEncoder().encode(content);

async function libraryOf(model: Tf8Model): Promise<string> {
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
  it('is a library, its header and a program, which include the header by its name', async () => {
    for (const fileName of ['my $& net', 'my $& net.h', 'my $& net.c']) {
      const files = C.encode({ ...(await sourceOf(MODEL)), fileName });
      assert.deepEqual(
        files.map(({ name }) => name),
        ['my $& net.c', 'my $& net.h', 'my $& net_main.c'],
      );
      const [library, header, program] = files.map(({ bytes }) => text(bytes));
      assert.match(header, /^\/\* A TF8 network as a library of C99/);
      assert.match(header, /^void my_net_run\(uint8_t \*arena, const uint8_t \*input, uint8_t/m);
      for (const source of [library, program]) assert.match(source, /^#include "my \$& net\.h"$/m);
    }
  });

  it('has no name that does not begin with the prefix', async () => {
    const c = { prefix: 'Door_bell2' };
    const files = C.encode({ ...(await sourceOf(MODEL)), c }).map(({ bytes }) => text(bytes));
    const code = files.map((file) => file.replaceAll(/\/\*.*?\*\//gs, '').replaceAll(/".*?"/g, ''));
    for (const file of code) assert.doesNotMatch(file, /tf8|TF8/);
    const [library, header] = code;
    for (const [, name] of header.matchAll(/#define (\w+)/g)) assert.match(name, /^DOOR_BELL2_/);
    for (const [, name] of library.matchAll(/^(?:static )?(?:const )?\w+ \*?(\w+)[[({]/gm)) {
      assert.match(name, /^Door_bell2_/);
    }
  });

  it('refuses a prefix that is no identifier', async () => {
    for (const prefix of ['', '2net', '_net', 'a-b', 'é', 'x'.repeat(64)]) {
      const source = { ...(await sourceOf(MODEL)), c: { prefix } };
      assert.throws(() => C.encode(source), {
        name: 'QuantizationError',
        message: `Expected an identifier of C of at most 63 characters, a letter first, for the prefix but received ${JSON.stringify(prefix)}`,
      });
    }
  });

  it('makes a prefix of any file name', () => {
    const names = ['mobilenet_v1_1.0_224', '1.0', '__', 'é', 'int', 'x'.repeat(80)];
    assert.deepEqual(names.map(prefixOf), [
      'mobilenet_v1_1_0_224',
      'net_1_0',
      'net',
      'net',
      'int',
      'x'.repeat(63),
    ]);
  });

  it('has neither a float nor a double, an allocation nor a file with integer arithmetic', async () => {
    const source = { ...(await sourceOf(MODEL)), c: { arithmetic: 'integer' as const } };
    const library = text(C.encode(source)[0].bytes).replaceAll(/\/\*.*?\*\//gs, '');
    assert.doesNotMatch(library, /float|double|\d\.\d|malloc|calloc|FILE|main|stdio|\d+f\b/);
    assert.match(library, /\.mantissa = \d+, \.shift = \d+/);
  });

  it('holds only the kernels that the network needs', async () => {
    const library = await libraryOf(modelOf({}));
    const kernels = [...library.matchAll(/^static void model_(\w+)\(/gm)].map(([, name]) => name);
    assert.deepEqual(kernels, ['conv2d']);
  });

  it('holds only ASCII, whatever the names', () =>
    fc.assert(
      fc.asyncProperty(randomRoundings({ withEveryOp: false }), async (model) => {
        assert.match(await libraryOf(model), /^[\n -~]*$/);
      }),
      { numRuns: 20 },
    ));

  it('writes scales exactly, and members that are 0 not at all', async () => {
    const [library, header] = C.encode(await sourceOf(modelOf({}))).map(({ bytes }) => text(bytes));
    assert.match(header, /#define MODEL_INPUT_SCALE 0x1p-3f\n#define MODEL_INPUT_ZERO_POINT 3\n/);
    assert.match(
      header,
      /#define MODEL_OUTPUT_SCALE 0x1p-1f\n#define MODEL_OUTPUT_ZERO_POINT 10\n/,
    );
    assert.match(header, /#define MODEL_ARENA_BYTES 16\n/);
    assert.match(library, /static const int32_t model_bias_0\[2\] = \{\n5,-6\};/);
    assert.match(
      library,
      /model_layer_0 = \{.*\.to = \{\.factor = \{\.multiplier = 0x1p-4f\}, \.zero_point = 10, \.high = 255\}, /,
    );
  });

  it('gives the TF8 model back byte for byte', () =>
    fc.assert(
      fc.asyncProperty(randomRoundings({ withEveryOp: false }), async (model) => {
        const file = bytes(await libraryOf(model));
        assert.ok(recognizes(file));
        const back = await encodeTf8(await read(file, 'm.c'));
        assert.deepEqual(Buffer.from(back), Buffer.from(await encodeTf8(model)));
      }),
      { numRuns: 20 },
    ));

  it('gives biases near the ends of int32 back', async () => {
    const bias = Int32Array.of(-(2 ** 31) + 2_000_000, 2 ** 31 - 2_000_000);
    const model = modelOf({ bias });
    assert.deepEqual(await read(bytes(await libraryOf(model)), 'm.c'), model);
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
    assert.match(await libraryOf(fitting), /\.window_height = 4096/);
    await assert.rejects(libraryOf(pooled([4096, 4097, 1])), {
      name: 'QuantizationError',
      message:
        'Expected a pool over at most 16777216 positions, whose sum fits 32 bits, for pool but its window is 4096 × 4097',
      remedy: 'Export in another format.',
    });
  });
});

describe('readCLibrary', () => {
  it('refuses a library without the head of a TF8 file', async () => {
    const library = (await libraryOf(MODEL)).replace('TF8_HEAD', 'HEAD');
    await assert.rejects(read(bytes(library), 'm.c'), {
      name: 'QuantizationError',
      message: 'Expected a C library that tf8 exported but m.c has no comment TF8_HEAD',
    });
  });

  it('refuses a head that is not base64', async () => {
    const library = (await libraryOf(MODEL)).replace('/* TF8_HEAD\n', '/* TF8_HEAD\n!');
    await assert.rejects(read(bytes(library), 'm.c'), {
      name: 'QuantizationError',
      message: 'Expected base64 as "TF8_HEAD" of m.c',
    });
  });

  it('refuses arrays of another length and arrays that are missing', async () => {
    const library = await libraryOf(modelOf({}));
    await assert.rejects(read(bytes(library.replace('\n5,-6}', '\n5}')), 'm.c'), {
      name: 'QuantizationError',
      message: 'Expected 2 numbers in the next array of bias of m.c but received 1',
    });
    await assert.rejects(read(bytes(library.replace('model_weights_0[', 'weights[')), 'm.c'), {
      name: 'QuantizationError',
      message: /^Expected 32 numbers in the next array of weights of m\.c but received 0$/,
    });
  });

  it('refuses a library with another weight', async () => {
    const library = (await libraryOf(modelOf({}))).replace('\n5,-6}', '\n5,-7}');
    await assert.rejects(read(bytes(library), 'm.c'), /does not match its SHA-256/);
  });
});
