import assert from 'node:assert/strict';
import { FRIENDLY } from '../../architectures/variants.ts';
import { openDataset } from '../../datasets/open_dataset.ts';
import { cacheDir } from '../../foundation/files/cache_dir.ts';
import { SILENT_REPORTER } from '../../foundation/reporting/reporter.ts';
import { Evaluation } from '../../workflows/evaluate/evaluation.ts';
import { openFloatModel } from '../../workflows/open/open_model.ts';
import { quantizeModel } from '../../workflows/quantize/quantize.ts';
import { rearchitect } from '../../workflows/rearchitect/rearchitect.ts';
import { disjointData } from '../../workflows/reproduce/table_data.ts';
import { inFolder } from '../support/in_folder.ts';
import { needsTensorFlow } from '../support/needs_tensorflow.ts';
import { publishedModel } from '../support/published_model.ts';
import { sharedFolder } from '../support/skip.ts';

describe('the published MobileNet, rebuilt on half of 500 photographs', function () {
  this.timeout(20 * 60_000);
  let photographs: string;
  let model: string;

  before(async function () {
    await needsTensorFlow.call(this);
    photographs = sharedFolder(this, 'imagenet-samples');
    model = await publishedModel(this);
  });

  it('knows the other half without any training, in TF8 too, and stays under 2 GB', () =>
    inFolder(async (out) => {
      const signal = new AbortController().signal;
      const context = { reporter: SILENT_REPORTER, cacheDir: cacheDir(), signal };
      const { dataset } = disjointData(
        await openDataset('imagenet', { ...context, dir: photographs }),
      );
      const { reconstruction } = await rearchitect(
        { model, variant: FRIENDLY, dataset, images: 250, seed: 0, out },
        context,
      );
      assert.equal(reconstruction.images, 250);
      // Kibibytes, of the whole process: https://nodejs.org/api/process.html#processresourceusage
      const peakKiB = process.resourceUsage().maxRSS;
      assert.ok(peakKiB * 1024 < 2e9, `${peakKiB} KiB`);

      const opened = await openFloatModel(out, context);
      const evaluation = new Evaluation(dataset, { seed: 0 }, context);
      const float = await evaluation.float(opened);
      assert.ok(float.top1 >= 45, `float ${float.top1}`);
      const calibration = { dataset, images: 200, seed: 0, skip: 0 };
      const quantized = await quantizeModel(opened, 'keep', calibration, context);
      const tf8 = await evaluation.tf8(quantized.model, 'auto', 'rebuilt');
      assert.ok(tf8.top1 >= 30, `TF8 ${tf8.top1}`);
      opened.dispose();
    }));
});
