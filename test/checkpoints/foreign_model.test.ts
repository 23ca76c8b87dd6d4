import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { foreignModel } from '../../checkpoints/foreign_model.ts';
import { inFolder } from '../support/in_folder.ts';

const TORCH = zipOf('m/data.pkl', 'm/version');

const OLD_TORCH = Buffer.from('\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.', 'latin1');
const SAFETENSORS = Buffer.from('\x02\0\0\0\0\0\0\0{}', 'latin1');

/** The names of a ZIP file; nobody unpacks it here. */
function zipOf(...names: readonly string[]): Buffer {
  return Buffer.from(`PK\x03\x04${names.join('PK\x01\x02')}PK\x05\x06`, 'latin1');
}

function saved(name: string, content: Uint8Array) {
  return inFolder(async (dir) => {
    await writeFile(join(dir, name), content);
    const found = await foreignModel(join(dir, name));
    return found && { kind: found.kind, remedy: found.remedy.replaceAll(`${dir}/`, '') };
  });
}

describe('foreignModel', () => {
  for (const [title, content, kind, remedy] of [
    ['PyTorch', TORCH, 'a PyTorch file', /torch\.onnx\.export\(model, image, 'm\.onnx'\)/],
    ['old PyTorch', OLD_TORCH, 'a PyTorch file', /torch\.onnx\.export\(model, image, 'm\.onnx'\)/],
    [
      'safetensors',
      SAFETENSORS,
      'a file of weights alone (safetensors)',
      /Load them into their network/,
    ],
  ] as const) {
    it(`recognizes ${title} by its content`, async () => {
      const found = await saved('m.bin', content);
      assert.equal(found?.kind, kind);
      assert.match(found!.remedy, remedy);
    });
  }

  it('takes no graph of TensorFlow, no table and no text for one', async () => {
    for (const content of [
      Buffer.from('\x0a\x04node\x22\x08versions', 'latin1'), // GraphDef
      Buffer.from('{"format": "layers-model"}'),
      Buffer.from('PK\x03\x04nothing known', 'latin1'),
      new Uint8Array(0),
    ]) {
      assert.equal(await saved('m.pb', content), undefined);
    }
  });

  it('says that a file is not what its name says', async () => {
    assert.match(
      (await saved('m.pth', Buffer.from('text')))!.kind,
      /^no PyTorch file, as its name/,
    );
  });

  it('recognizes the one in a folder, and nothing where nothing is', () =>
    inFolder(async (dir) => {
      assert.equal(await foreignModel(dir), undefined);
      assert.equal(await foreignModel(join(dir, 'nowhere')), undefined);
      await writeFile(join(dir, 'net.pt'), TORCH);
      assert.equal((await foreignModel(dir))!.kind, 'a folder with a PyTorch file, net.pt');
    }));

  it('quotes names that Python and shells would take apart', async () => {
    assert.match((await saved("my 'net'.pt", TORCH))!.remedy, /image, "[^"]*my 'net'\.onnx"\)/);
  });

  it('says of a damaged TF8 file that it is none', async () => {
    const found = await saved('m.tf8', Buffer.from('garbage'));
    assert.equal(found?.kind, 'no TF8 file, as its name says: its content is another or damaged');
  });
});
