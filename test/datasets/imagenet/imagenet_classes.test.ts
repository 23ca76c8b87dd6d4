import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { IMAGENET_CLASSES } from '../../../datasets/imagenet/imagenet_classes.ts';
import { sharedFolder } from '../../support/skip.ts';

describe('IMAGENET_CLASSES', () => {
  it('has 1000 different WordNet ids in sorted order, each with a name', () => {
    const wnids = IMAGENET_CLASSES.map(({ wnid }) => wnid);
    assert.equal(new Set(wnids).size, 1000);
    assert.deepEqual(wnids.toSorted(), wnids);
    for (const { wnid, name } of IMAGENET_CLASSES) {
      assert.match(wnid, /^n\d{8}$/);
      assert.match(name, /^\S.*\S$/);
    }
  });

  it('puts well-known classes at their indices', () => {
    assert.deepEqual(IMAGENET_CLASSES[0], { wnid: 'n01440764', name: 'tench, Tinca tinca' });
    assert.match(IMAGENET_CLASSES[270].name, /^white wolf,/);
    assert.match(IMAGENET_CLASSES[999].name, /^toilet tissue,/);
  });

  it('has the ids of the list beside the sample photographs', function () {
    const lines = readFileSync(sharedFolder(this, 'imagenet-samples/classes.txt'), 'utf8').trim();
    assert.deepEqual(
      IMAGENET_CLASSES.map(({ wnid }) => wnid),
      lines.split('\n').map((line) => line.split(' ')[0]),
    );
  });
});
