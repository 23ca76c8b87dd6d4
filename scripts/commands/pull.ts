import {
  PUBLIC_CHECKPOINT_NAMES,
  publicCheckpoint,
} from '../../checkpoints/public/public_checkpoints.ts';
import { defineCommand } from '../command.ts';

export const pullCommand = defineCommand({
  command: 'pull <name>',
  describe: 'Fetch published weights as a tfjs model',
  options: (yargs) =>
    yargs.positional('name', {
      type: 'string',
      demandOption: true,
      describe: `Public checkpoint: ${PUBLIC_CHECKPOINT_NAMES}`,
    }),
  examples: [['pull mobilenet_v1_1.0_224', 'the weights of 2017, 1001 classes']],
  run: async ({ name }, context) => {
    publicCheckpoint(name); // refuses another name
    const { selectBackend } = await import('../../training/backend.ts');
    await selectBackend(); // Without one, TensorFlow.js prints what it thinks of that.
    const { pullImageNet } = await import('../../workflows/open/open_float.ts');
    const { dir, card } = await pullImageNet(name, context);
    const { architecture, dataset, labelOffset, origin, weightsSha256 } = card;
    return { name, dir, architecture, dataset, labelOffset, origin, weightsSha256 };
  },
  show: ({ name, dir, origin, weightsSha256 }) =>
    [
      `${name}: ${origin.source}`,
      `  fetched by ${origin.route}`,
      `  weights SHA-256 ${weightsSha256}`,
      `  stored in ${dir}`,
    ].join('\n'),
});
