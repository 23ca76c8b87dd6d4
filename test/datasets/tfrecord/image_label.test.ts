import assert from 'node:assert/strict';
import { parseExample } from '../../../datasets/tfrecord/example.ts';
import { ImageLabels } from '../../../datasets/tfrecord/image_label.ts';
import { broken, bytesOf, example, imageExample } from './support.ts';

const WHITE_WOLF = 'n02114548'; // line 271 of the sorted ids

type LabelAndSynset = readonly [label: number, synset?: string];

/** Classes of records given as label and WordNet id. */
function classes(...records: readonly LabelAndSynset[]): number[] {
  const labels = new ImageLabels();
  return records.map(([label, synset]) =>
    labels.read(parseExample(imageExample(label, 'x', synset), broken), broken),
  );
}

describe('ImageLabels', () => {
  it('reads labels 1 to 1000 as classes 0 to 999', () => {
    assert.deepEqual(classes([1], [271], [1000]), [0, 270, 999]);
  });

  it('reads labels beside the WordNet ids that they stand for', () => {
    assert.deepEqual(classes([271, WHITE_WOLF], [1, 'n01440764'], [2]), [270, 0, 1]);
  });

  it('takes the class from the WordNet id where labels start at 0', () => {
    assert.deepEqual(classes([270, WHITE_WOLF], [0, 'n01440764']), [270, 0]);
  });

  const refusals: readonly (readonly [string, readonly LabelAndSynset[], string])[] = [
    [
      'a label that starts at 0, without a WordNet id',
      [[0]],
      'Expected an image/class/label in [1, 1000] (0 is the background) in the record but received 0.',
    ],
    [
      'a label above 1000',
      [[1001]],
      'Expected an image/class/label in [1, 1000] (0 is the background) in the record but received 1001.',
    ],
    [
      'a label that contradicts the WordNet id',
      [[5, WHITE_WOLF]],
      'Expected the image/class/label 271 or 270 for class n02114548 in the record but received 5.',
    ],
    [
      'a label of class 0 that changes from 1 to 0',
      [
        [271, WHITE_WOLF],
        [0, 'n01440764'],
      ],
      'Expected the image/class/label 1 for class n01440764 (labels start at 1 in the records before) in the record but received 0.',
    ],
    [
      'a label without WordNet id after labels that start at 0',
      [[270, WHITE_WOLF], [3]],
      'Expected the image/class/label 2 for class 2 (labels start at 0 in the records before) in the record but received 3.',
    ],
    [
      'an unknown WordNet id',
      [[1, 'n99999999']],
      'Expected one of the 1000 WordNet ids of ILSVRC 2012 as image/class/synset in the record but received "n99999999".',
    ],
  ];
  for (const [what, records, message] of refusals) {
    it(`refuses ${what}`, () => {
      assert.throws(() => classes(...records), { name: 'UserError', message, remedy: /./ });
    });
  }

  it('refuses a record without a label', () => {
    const features = parseExample(example({ 'image/encoded': bytesOf('x') }), broken);
    assert.throws(() => new ImageLabels().read(features, broken), {
      message:
        'Expected one int64 value for image/class/label in the record but received only image/encoded.',
    });
  });
});
