import { REFERENCE_KERNELS } from '../../../../quantize/kernels/reference.ts';
import { describeEachTier, TIERS } from '../each_tier.ts';
import { convolution } from '../make_call.ts';
import { assertSameBytes, run } from '../run_case.ts';

const ROUNDINGS = ['double-rounding', 'shift-round'] as const;

/** From one near 1 to one that leaves nothing; powers of two make ties. */
const MULTIPLIERS = [2 ** -9, 0.00131, 2 ** -14, 0.4999, 2 ** -31];

describe('rounding by integers in vectors', () => {
  describeEachTier(
    TIERS.filter(({ name }) => name.startsWith('native')),
    (name) => name,
    (kernels) => {
      for (const rounding of ROUNDINGS) {
        for (const multiplier of MULTIPLIERS) {
          for (const biasSize of ['of products', 'of int32'] as const) {
            const arithmetic = {
              multiplier,
              rounding,
              biasSize,
              perChannel: true,
              outputZeroPoint: 77,
              low: 3,
              high: 250,
              seed: 5,
            };
            it(`${rounding}, multipliers from ${multiplier} on, biases ${biasSize}`, () => {
              for (const [channels, filters] of [
                [40, 40],
                [32, 7],
                [33, 64],
              ] as const) {
                for (const windowShape of [
                  [3, 3],
                  [1, 1],
                ] as const) {
                  const shapes = {
                    inputShape: [1, 6, 5, channels] as const,
                    windowShape,
                    strides: [1, 1] as const,
                    padding: { top: 0, bottom: 0, left: 0, right: 0 },
                  };
                  const calls = [
                    convolution('conv2d', { ...shapes, filters }, arithmetic),
                    convolution('depthwiseConv2d', { ...shapes, filters: 1 }, arithmetic),
                  ];
                  for (const call of calls) {
                    assertSameBytes(call, run(kernels(), call), run(REFERENCE_KERNELS, call));
                  }
                }
              }
            });
          }
        }
      }
    },
  );
});
