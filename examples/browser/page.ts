/**
 * A page that runs a TF8 file on a photograph; neither leaves the browser.
 *
 *   npx esbuild examples/browser/page.ts --bundle --loader:.wasm=binary --target=es2022 \
 *     --outdir=examples/browser --servedir=examples/browser
 *
 * serves it; open the address that it prints.
 */
import { loadTf8 } from 'tf8/browser';
import kernels from 'tf8/kernels.wasm';
import { preprocess } from 'tf8/preprocess';

const model = document.querySelector('#model') as HTMLInputElement;
const photograph = document.querySelector('#photograph') as HTMLInputElement;
const classes = document.querySelector('#classes') as HTMLElement;

/** The pixels of an image file: [height, width, 3] uint8. */
async function pixelsOf(file: Blob) {
  const bitmap = await createImageBitmap(file);
  const { width, height } = bitmap;
  const canvas = new OffscreenCanvas(width, height).getContext('2d')!;
  canvas.drawImage(bitmap, 0, 0);
  const rgba = canvas.getImageData(0, 0, width, height).data;
  const data = Uint8Array.from(rgba.filter((_, index) => index % 4 < 3));
  return { data, width, height, channels: 3 } as const;
}

async function classify(tf8File: Blob, imageFile: Blob): Promise<void> {
  using plan = await loadTf8(await tf8File.arrayBuffer(), { wasm: kernels });
  const { input, preprocessing } = plan.model;
  const image = preprocess(await pixelsOf(imageFile), {
    resolution: input.shape[0],
    centralFraction: preprocessing?.centralFraction ?? 1,
  });
  const lines = plan
    .classify(image)
    .flat()
    .map(({ name, probability }) => {
      const line = document.createElement('li');
      line.textContent = `${name}: ${(100 * probability).toFixed(1)} %`;
      return line;
    });
  classes.replaceChildren(...lines);
}

document.addEventListener('change', () => {
  const [tf8File, imageFile] = [model.files?.[0], photograph.files?.[0]];
  if (tf8File === undefined || imageFile === undefined) return;
  classify(tf8File, imageFile).catch((error: Error) => classes.replaceChildren(error.message));
});
