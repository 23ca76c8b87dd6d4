import { FINETUNE_RMSPROP } from '../../training/recipes/recipes.ts';
import { defineCommand } from '../command.ts';
import { CONVERSION_DEFAULTS } from '../jobs/conversion.ts';
import { CALIBRATION_IMAGES, SEED_RANGE, TRAINING_SEED, wholeNumbers } from '../options.ts';

export const reproduceCommand = defineCommand({
  command: 'reproduce',
  describe: "The paper's effect as a table (what npm start runs)",
  options: (yargs) =>
    yargs
      .option('imagenet', {
        type: 'string',
        requiresArg: true,
        describe:
          'ImageNet folder for the rows of the published network, a folder a class, named by wnid',
      })
      .option('imagenet-limit', {
        type: 'number',
        requiresArg: true,
        describe: 'Use only so many of its images',
      })
      .option('train-images', {
        type: 'number',
        default: 5000,
        requiresArg: true,
        describe: 'Fashion-MNIST images of an epoch',
      })
      .option('test-images', {
        type: 'number',
        default: 10000,
        requiresArg: true,
        describe: 'Fashion-MNIST images that are evaluated',
      })
      .option('epochs', {
        type: 'number',
        default: FINETUNE_RMSPROP.budget.epochs,
        requiresArg: true,
        describe: 'Epochs of retraining',
      })
      .option('resolution', {
        type: 'number',
        default: 64,
        requiresArg: true,
        describe: 'Height and width of the retrained networks’ input in pixels',
      })
      .option('calibration-images', {
        ...CALIBRATION_IMAGES,
        default: CONVERSION_DEFAULTS.calibrationImages as number,
      })
      .option('seed', TRAINING_SEED)
      .option('runs-dir', {
        type: 'string',
        default: 'runs',
        requiresArg: true,
        describe: 'Folder of the records',
      })
      .check(
        wholeNumbers({
          'imagenet-limit': 1,
          'train-images': 1,
          'test-images': 1,
          epochs: 1,
          resolution: 32,
          'calibration-images': 1,
          seed: SEED_RANGE,
        }),
      ),
  examples: [
    ['reproduce', 'retrain and measure on Fashion-MNIST'],
    ['reproduce --imagenet DIR', 'and the published network on ImageNet'],
    ['reproduce --train-images 640 --test-images 500 --epochs 1', 'a short look'],
  ],
  run: async (argv, context) => {
    const { reproduce } = await import('../jobs/reproduce.ts');
    const { imagenet, imagenetLimit, trainImages, testImages, epochs } = argv;
    const { resolution, calibrationImages, seed, runsDir } = argv;
    return reproduce(
      {
        imagenet,
        imagenetLimit,
        trainImages,
        testImages,
        epochs,
        resolution,
        calibrationImages,
        seed,
        runsDir,
      },
      context,
    );
  },
  show: ({ dir, table, record }) =>
    ['', table, '', ...record.notes, `The record is in ${dir}`].join('\n'),
});
