import { defineCommand } from '../command.ts';
import type { ProjectSetup } from '../setup/set_up_project.ts';

export const setupCommand = defineCommand({
  command: 'setup',
  describe:
    'Bring what tf8 came without: TensorFlow.js and its library, sharp, vega, native kernels',
  options: (yargs) =>
    yargs
      .option('gpu', {
        type: 'boolean',
        default: false,
        describe: "TensorFlow's library for NVIDIA's GPUs, with CUDA's (2.5 GB)",
      })
      .option('force', {
        type: 'boolean',
        default: false,
        implies: 'gpu',
        describe: 'With --gpu: also where there is no driver, to prepare an image',
      }),
  examples: [
    ['setup', 'in the project that tf8 is installed in; in a checkout, as "npm run setup"'],
  ],
  run: async ({ gpu, force }, context) => {
    const { setUpProject } = await import('../setup/set_up_project.ts');
    return setUpProject(context, gpu && (force ? 'forced' : true));
  },
  show: (result) => summary(result),
});

function summary({ tfjsNode, libtensorflow, nativeKernels }: ProjectSetup): string {
  const training =
    tfjsNode === 'none'
      ? 'tf8 is set up without tfjs-node, so without training: "npx tf8 doctor" says why.'
      : `tf8 is set up: tfjs-node with libtensorflow ${libtensorflow} (${tfjsNode}).`;
  return nativeKernels
    ? training
    : `${training} Without native kernels: TF8 models run on the WASM kernels.`;
}
