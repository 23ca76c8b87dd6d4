import assert from 'node:assert/strict';
import { publishedModels } from '../../../workflows/reproduce/published_models.ts';

const FAMILIES = ['mobilenet_v1', 'mobilenet_v2'] as const;

describe('publishedModels', () => {
  it("is a MODEL of the table's only network, or of the network that it names", () => {
    assert.deepEqual(
      [...publishedModels(['dir/a=b'], ['mobilenet_v2'])],
      [['mobilenet_v2', 'dir/a=b']],
    );
    assert.deepEqual(
      [...publishedModels(['mobilenet_v2=a=b', 'mobilenet_v1=c'], FAMILIES)],
      [
        ['mobilenet_v2', 'a=b'],
        ['mobilenet_v1', 'c'],
      ],
    );
    assert.equal(publishedModels([], FAMILIES).size, 0);
  });

  it('refuses a MODEL that could stand for several networks, and two for one', () => {
    assert.throws(() => publishedModels(['a'], FAMILIES), {
      name: 'UserError',
      message:
        'Expected one network for `published` to stand for but the table has mobilenet_v1, mobilenet_v2',
      remedy: "Pass `published: 'mobilenet_v1=a'`, or `network` with one of them.",
    });
    assert.throws(() => publishedModels(['mobilenet_v1=a', 'mobilenet_v1=b'], FAMILIES), {
      message: 'Expected one MODEL for mobilenet_v1 as `published` but received a and b',
    });
  });
});
