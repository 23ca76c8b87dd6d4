import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sha256OfBytes } from '../../../foundation/hashes/sha256.ts';
import { readExport } from '../../../quantize/export/formats.ts';
import { ManifestSchema } from '../../../quantize/export/manifest.ts';
import { encodeTf8 } from '../../../quantize/model/tf8_file.ts';
import { type ExportOptions, exportModel } from '../../../workflows/export/export.ts';
import { quantize } from '../../../workflows/quantize/quantize.ts';
import { runMain } from '../../scripts/run_tf8.ts';
import { contextOf, picture, saveTinyModel, writeImage } from '../../scripts/support.ts';
import { recordingReporter } from '../../support/recording_reporter.ts';

describe('exportModel', () => {
  let folder: string;
  let options: ExportOptions;
  let float: Pick<ExportOptions, 'model' | 'recipe' | 'calibrationData'>;
  const at = (name: string) => join(folder, name);

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tf8-export-'));
    await saveTinyModel(at('model'), 1001);
    for (const index of [0, 1]) {
      await writeImage(at('images'), index, `${index}.png`, await picture(index));
    }
    float = { model: at('model'), recipe: 'as-published', calibrationData: at('images') };
    await quantize({ ...float, seed: 0, out: at('m.tf8') }, contextOf());
    options = { model: at('m.tf8'), format: 'tflite', out: at('m.tflite'), seed: 0 };
  });

  after(() => rm(folder, { recursive: true, force: true }));

  it('writes the file, which carries the TF8 file, and a manifest of it', async () => {
    const result = await exportModel(options, contextOf());
    const file = await readFile(options.out);
    const tf8 = await readFile(at('m.tf8'));
    const { format, model } = await readExport(file, options.out);
    assert.equal(format, 'tflite');
    assert.deepEqual(Buffer.from(await encodeTf8(model)), tf8);
    const manifest = ManifestSchema.parse(JSON.parse(await readFile(result.manifest, 'utf8')));
    assert.equal(manifest.origin.tf8Sha256, sha256OfBytes(tf8));
    assert.deepEqual(manifest.files, [
      { name: 'm.tflite', bytes: file.length, sha256: sha256OfBytes(file) },
    ]);
    assert.deepEqual(manifest.verified, []);
    assert.deepEqual(
      [result.files, result.layers],
      [[{ path: options.out, bytes: file.length }], 29],
    );
  });

  it('quantizes a float model first, as "tf8 quantize" does', async () => {
    const source = { ...options, ...float };
    const first = await exportModel({ ...source, out: at('float.tflite') }, contextOf());
    assert.equal(first.tf8Sha256, sha256OfBytes(await readFile(at('m.tf8'))));
    const mean = { ...source, recipe: 'option-1', out: at('mean.tflite') };
    assert.notEqual((await exportModel(mean, contextOf())).tf8Sha256, first.tf8Sha256);
  });

  it('warns where LiteRT rounds otherwise than the network', async () => {
    for (const [profile, warnings] of [
      [undefined, 0],
      ['shift-round', 1],
    ] as const) {
      const reporter = recordingReporter();
      const out = at('rounded.tflite');
      await exportModel({ ...options, out, profile }, contextOf(reporter));
      const messages = reporter.messages.filter((text) => text.startsWith('LiteRT rounds as '));
      assert.equal(messages.length, warnings);
    }
  });

  it('names the ONNX file of encodings only where it is written', async () => {
    const shown = async (model: readonly string[], name: string) => {
      const words = ['--format', 'encodings-1', '--out', at(name)];
      return (await runMain(['export', ...model, ...words])).stdout;
    };
    const source = [float.model, '--recipe', 'as-published', '--calibration-data', at('images')];
    assert.match(await shown(source, 'a.json'), /with \S*a\.onnx$/m);
    const alone = await shown([at('m.tf8')], 'b.json');
    assert.match(
      alone,
      /with the float network in ONNX, which an export of the float model writes/,
    );
    assert.doesNotMatch(alone, /b\.onnx/);
  });

  it('writes every file of a format under the name that the others know it by', async () => {
    const result = await exportModel({ ...options, format: 'c', out: at('net') }, contextOf());
    assert.deepEqual(
      result.files.map(({ path }) => path),
      [at('net.c'), at('net.h'), at('net_main.c')],
    );
    assert.equal(result.manifest, at('net.json'));
    for (const name of ['net.c', 'net_main.c']) {
      assert.match(await readFile(at(name), 'utf8'), /^#include "net\.h"$/m);
    }
    const { files } = ManifestSchema.parse(JSON.parse(await readFile(result.manifest, 'utf8')));
    for (const { name, sha256 } of files) {
      assert.equal(sha256, sha256OfBytes(await readFile(at(name))));
    }
    assert.deepEqual(
      files.map(({ name }) => name),
      ['net.c', 'net.h', 'net_main.c'],
    );
  });

  it('doubles no ending', async () => {
    const encodings = {
      ...{ ...options, ...float },
      format: 'encodings',
      out: at('m-encodings.json'),
    };
    const { files, manifest } = await exportModel(encodings, contextOf());
    assert.deepEqual(
      files.map(({ path }) => path),
      [at('m-encodings.json'), at('m-encodings.onnx')],
    );
    assert.equal(manifest, at('m-encodings.manifest.json'));
    for (const name of ['twice', 'twice.c', 'twice.h']) {
      const again = { ...options, format: 'c', out: at(name) };
      assert.equal((await exportModel(again, contextOf())).files[0].path, at('twice.c'));
    }
  });

  it('writes the layers as a table', async () => {
    const { files } = await exportModel(
      { ...options, format: 'csv', out: at('m.csv') },
      contextOf(),
    );
    const [head, first, ...others] = (await readFile(files[0].path, 'utf8')).trimEnd().split('\n');
    assert.match(
      head,
      /^name,op,inputs,input_shape,output_shape,.*,multiplier,mantissa,shift,.*,macs,/,
    );
    const cells = Object.fromEntries(head.split(',').map((name, i) => [name, first.split(',')[i]]));
    assert.equal(cells.op, 'conv2d');
    assert.equal(Number(cells.multiplier), Number(cells.mantissa) / 2 ** Number(cells.shift));
    assert.equal(others.length, 28);
  });

  it('stores golden vectors of images beside the export', async () => {
    const golden = { ...options, out: at('g.tflite'), golden: 2, data: at('images') };
    const { golden: folder } = await exportModel(golden, contextOf());
    assert.equal(folder, at('g_golden'));
    const { images, tensors } = JSON.parse(await readFile(join(folder!, 'manifest.json'), 'utf8'));
    assert.deepEqual([images.length, tensors.length], [2, 30]);
    await exportModel(golden, contextOf());
    await mkdir(at('h_golden/own'), { recursive: true });
    await assert.rejects(exportModel({ ...golden, out: at('h.tflite') }, contextOf()), {
      name: 'UserError',
      message: `Expected no folder ${at('h_golden')}, or one that tf8 wrote, but it holds own`,
    });
  });

  it('writes the float network beside encodings, or warns that a TF8 file has none', async () => {
    const encodings = { ...options, format: 'encodings' };
    const source = { ...encodings, ...float };
    const reporter = recordingReporter();
    const both = await exportModel({ ...source, out: at('float.encodings') }, contextOf(reporter));
    assert.deepEqual(
      both.files.map(({ path }) => path),
      [at('float.encodings'), at('float.encodings.onnx')],
    );
    // The tiny network has hardly seen a difference between the images.
    const hardlyDiffers = reporter.messages.splice(0);
    assert.ok(
      hardlyDiffers.every((message) => /hardly differ/.test(message)),
      String(hardlyDiffers),
    );
    const alone = await exportModel({ ...encodings, out: at('m.encodings') }, contextOf(reporter));
    assert.equal(alone.files.length, 1);
    assert.deepEqual(reporter.messages, [
      `${at('m.tf8')} has no float weights: only the parameters are exported; pass the float model for both`,
    ]);
    assert.deepEqual(await readFile(at('m.encodings')), await readFile(at('float.encodings')));
  });

  it('warns of options that a TF8 file makes void', async () => {
    const reporter = recordingReporter();
    await exportModel({ ...options, calibrationImages: 5 }, contextOf(reporter));
    assert.match(reporter.messages.join('\n'), /^`calibrationImages` has no effect/);
  });

  it('refuses an unknown format and a folder as --out before it opens the model', async () => {
    const nowhere = { ...options, model: at('nowhere') };
    await assert.rejects(exportModel({ ...nowhere, format: 'keras' }, contextOf()), {
      name: 'QuantizationError',
      message: /for the format but received "keras"$/,
    });
    await mkdir(at('folder'), { recursive: true });
    await assert.rejects(exportModel({ ...nowhere, out: at('folder') }, contextOf()), {
      name: 'UserError',
      message: `Expected a file for \`out\` but ${at('folder')} is a folder`,
    });
  });

  it('is the command "export", which prints the files and the manifest', async () => {
    const { stdout, status } = await runMain([
      'export',
      at('m.tf8'),
      '--format',
      'onnx',
      '--out',
      at('m.onnx'),
    ]);
    const { length } = await readFile(at('m.onnx'));
    assert.equal(
      stdout,
      `${at('m.onnx')}: ${length.toLocaleString('en')} bytes\n29 layers; the manifest is ${at('m.onnx.json')}\nnext: tf8 verify ${at('m.onnx')} --data DIR\n`,
    );
    assert.equal(status, 0);
  });
});
