import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { FixResult } from '../../workflows/fix/fix.ts';
import { runTf8 } from '../scripts/run_tf8.ts';
import { inFolder } from '../support/in_folder.ts';
import { sharedFolder } from '../support/skip.ts';

describe('fix, of the published MobileNet with its dead channels', function () {
  this.timeout(60 * 60_000);

  it('finds the dead channels, and ends beside float', async function () {
    const photographs = sharedFolder(this, 'imagenet-samples');
    const { before, after, steps } = await inFolder(async (folder): Promise<FixResult> => {
      const { status, stdout, stderr } = await runTf8([
        'fix',
        'mobilenet_v1_1.0_224',
        '--calibration-data',
        photographs,
        '--calibration-images',
        '50',
        '--limit',
        '100',
        '--out',
        join(folder, 'fixed.tf8'),
        '--json',
      ]);
      assert.equal(status, 0, stderr);
      return JSON.parse(stdout);
    });
    const [worst] = before.diagnosis;
    assert.equal(worst.cause, 'deadChannels');
    assert.ok(worst.commands?.some((line) => / --recipe best /.test(line)));
    assert.ok(before.agreement! < 20, `${before.agreement}`);
    assert.ok(after.agreement! >= 94, `${after.agreement}`);
    assert.ok(after.sqnrDb > 15, `${after.sqnrDb}`);
    assert.ok(steps.filter(({ kept }) => kept).length >= 2);
  });
});
