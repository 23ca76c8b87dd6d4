/**
 * Run by `train.test.ts` in a process of its own, which is sent SIGINT: `tf8 train` on pixels in
 * memory, for longer than any test waits.
 */
import { STANDARD } from '../../../architectures/variants.ts';
import { pixelDataset } from '../../../datasets/pixel_dataset.ts';
import { type Reporter, SILENT_REPORTER } from '../../../foundation/reporting/reporter.ts';
import { defineCommand } from '../../../scripts/command.ts';
import { FINETUNE_RMSPROP } from '../../../training/recipes/recipes.ts';
import { trainJob } from '../../../workflows/train/train.ts';

const [out] = process.argv.slice(2);
const labels = Uint8Array.from({ length: 80_000 }, (_, index) => index % 2);
const pixels = { pixels: labels, labels, height: 1, width: 1, channels: 1 } as const;

/** Says when the training starts. */
const REPORTER: Reporter = {
  ...SILENT_REPORTER,
  start(...work) {
    process.stderr.write('training\n');
    return SILENT_REPORTER.start(...work);
  },
};

const command = defineCommand({
  command: 'train',
  describe: '',
  options: (yargs) => yargs,
  examples: [],
  run: (_, context) =>
    trainJob(
      {
        network: { network: 'mobilenet_v1', variant: STANDARD, widthMultiplier: 0.02 },
        zeroVariance: 'mean',
        dataset: pixelDataset({
          name: 'pixels',
          classNames: ['black', 'nearly black'],
          origin: 'made up for a test',
          splits: { train: pixels, test: pixels },
        }),
        recipe: { ...FINETUNE_RMSPROP, batchSize: 8, budget: { epochs: 10 }, resolution: 32 },
        seed: 0,
        out,
      },
      { ...context, reporter: REPORTER },
    ),
  show: () => '',
});
const { handler } = command((status) => {
  process.exitCode = status;
});
await handler({ _: [], $0: 'tf8', json: false });
