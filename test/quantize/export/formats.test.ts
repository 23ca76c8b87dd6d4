import assert from 'node:assert/strict';
import { basename } from 'node:path';
import { FORMAT_NAMES } from '../../../quantize/export/format_names.ts';
import { EXPORT_FORMATS, exportFormat, readExport } from '../../../quantize/export/formats.ts';
import { QuantizationError } from '../../../quantize/params/errors.ts';
import { manifestPath } from '../../../workflows/export/export_manifest.ts';
import { withSymmetricWeights } from '../model/random_models.ts';
import { MODEL as RANDOM, sourceOf } from './support.ts';

/** One that every format can hold. */
const MODEL = withSymmetricWeights(RANDOM);

describe('exportFormat', () => {
  it('finds every format by its name', () => {
    for (const format of EXPORT_FORMATS) assert.equal(exportFormat(format.name), format);
  });

  it('refuses another name', () => {
    assert.throws(() => exportFormat('keras'), {
      name: 'QuantizationError',
      message: `Expected one of ${FORMAT_NAMES.join(', ')} for the format but received "keras"`,
    });
  });
});

describe('the files of an export', () => {
  it('have different names, none with an ending twice, whatever name was given', () => {
    const endings = ['', '.json', '.onnx', '.tflite', '.c', '.h', '.npz', '.csv'];
    for (const { name: format, fileNames } of EXPORT_FORMATS) {
      for (const ending of endings) {
        const given = `net${ending}`;
        const names = [...fileNames(given), basename(manifestPath(given))];
        assert.equal(new Set(names).size, names.length, `${format}: ${names}`);
        for (const name of names) assert.doesNotMatch(name, /(\.\w+)\1|\.[ch]\.[ch]|_main\.\w+\./);
      }
    }
  });
});

describe('readExport', () => {
  it('tells the format and gives the model back', async () => {
    const source = await sourceOf(MODEL);
    for (const { name, encode, reader } of EXPORT_FORMATS) {
      if (reader === undefined) continue;
      const { format, model } = await readExport(encode(source)[0].bytes, `m.${name}`);
      assert.equal(format, name);
      assert.deepEqual(model, MODEL);
    }
  });

  it('names the file that is cut off or damaged, and says what to do', async () => {
    const source = await sourceOf(MODEL);
    for (const { name, encode, reader } of EXPORT_FORMATS) {
      if (reader === undefined) continue;
      const file = encode(source)[0].bytes;
      await assert.rejects(readExport(file.subarray(0, file.length / 2), `m.${name}`), (error) => {
        assert.ok(error instanceof QuantizationError);
        assert.match(error.message, new RegExp(`m\\.${name}`));
        return true;
      });
    }
    const [tflite] = EXPORT_FORMATS;
    const cut = tflite.encode(source)[0].bytes.subarray(0, 40);
    await assert.rejects(readExport(cut, 'm.tflite'), {
      name: 'QuantizationError',
      message:
        /^m\.tflite is damaged: Expected positions below 40, the file's length, but received /,
      remedy: 'Export the model again.',
    });
  });

  it('refuses another kind of file', async () => {
    await assert.rejects(readExport(new TextEncoder().encode('hello, world'), 'm.txt'), {
      name: 'QuantizationError',
      message:
        'Expected an export to tflite, tflite-int8, onnx, onnx-int8, qonnx or c but m.txt is another kind of file',
      remedy: 'Pass a file that tf8 exported in one of these formats; of "c" the library, NAME.c.',
    });
  });
});
