import { readSuite } from '../../bench/suite/read_suite.ts';
import { disposeModels } from '../support/dispose_models.ts';
import { needsTensorFlow } from '../support/needs_tensorflow.ts';
import { fetched, holds } from './suite_model.ts';

/** Small ones, and in small packages; test/slow has all. */
const SMALL = ['face_detection_short_range', 'emotion', 'antispoof'];

describe('models of other people', () => {
  before(needsTensorFlow);

  afterEach(disposeModels);

  for (const name of SMALL) {
    it(`${name} opens and gives what the program gives that it is of`, async function () {
      const { models, packages } = await readSuite();
      const model = models.find((each) => each.name === name)!;
      await holds(await fetched(this, model, packages), model);
    });
  }
});
