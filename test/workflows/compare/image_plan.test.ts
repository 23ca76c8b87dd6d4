import assert from 'node:assert/strict';
import { planImages } from '../../../workflows/compare/image_plan.ts';

/** A folder of so many images that is not divided. */
function folder(images: number, fingerprint = 'one') {
  return { splitsAreEqual: true, fingerprint, count: () => images } as never;
}

describe('planImages', () => {
  const one = folder(10);

  it('one subset lies at the end of the order and is not measured', () => {
    const plan = planImages({ measured: one, calibrating: one, images: 4, subsets: 1 });
    assert.deepEqual(plan, {
      subsets: [{ skip: 6, limit: 4 }],
      pieces: [{ skip: 0, limit: 6 }],
      overlap: false,
    });
  });

  it('of several subsets each is measured by the networks that it did not calibrate', () => {
    const { subsets, pieces } = planImages({
      measured: one,
      calibrating: one,
      images: 5,
      subsets: 2,
    });
    assert.deepEqual(subsets, [
      { skip: 0, limit: 5 },
      { skip: 5, limit: 5 },
    ]);
    assert.deepEqual(pieces, [
      { skip: 0, limit: 5, heldOut: 0 },
      { skip: 5, limit: 5, heldOut: 1 },
    ]);
  });

  it('behind a limit that leaves enough, and with a warning where it does not', () => {
    const planned = { measured: one, calibrating: one, images: 4, subsets: 1 };
    assert.deepEqual(planImages({ ...planned, limit: 5 }).subsets, [{ skip: 5, limit: 4 }]);
    assert.equal(planImages({ ...planned, limit: 8 }).overlap, true);
  });

  it('another folder calibrates from its beginning, and all is measured', () => {
    const other = folder(3, 'other');
    const plan = planImages({ measured: one, calibrating: other, images: 4, subsets: 1 });
    assert.deepEqual(plan, {
      subsets: [{ skip: 0, limit: 3 }],
      pieces: [{ skip: 0, limit: 10 }],
      overlap: false,
    });
  });

  it('refuses more subsets than there are images for', () => {
    assert.throws(() => planImages({ measured: one, calibrating: one, images: 4, subsets: 3 }), {
      name: 'UserError',
      message: 'Expected 3 × 4 images to calibrate with but there are 10',
    });
  });
});
