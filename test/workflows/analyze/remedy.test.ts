import assert from 'node:assert/strict';
import { FRIENDLY, STANDARD } from '../../../architectures/variants.ts';
import { inFlags } from '../../../scripts/wording.ts';
import { type Patient, remedyFor } from '../../../workflows/analyze/remedy.ts';

const CLASSES = 1001;
const MOBILENET = {
  network: 'mobilenet_v1',
  variant: STANDARD,
  widthMultiplier: 1,
  resolution: 224,
  classes: CLASSES,
} as const;

describe('remedyFor', () => {
  it('says what to do with the network at hand', () => {
    const evenWeights = (network: 'standard' | 'rebuilt' | 'other') =>
      remedyFor({ code: 'evenWeights', network }, { model: 'mine' }).commands.join('\n');
    assert.match(evenWeights('standard'), /rearchitect\({ model: 'mine', variant: 'friendly', /);
    assert.match(evenWeights('rebuilt'), /rearchitect\({ model: STANDARD, variant: 'friendly', /);
    assert.doesNotMatch(evenWeights('other'), /rearchitect/);
  });

  const lines = (code: Parameters<typeof remedyFor>[0]['code'], patient: Patient) =>
    remedyFor({ code, network: 'standard' }, patient).commands.map(inFlags);

  it("is whole command lines with the user's model, images and options", () => {
    const patient = {
      model: 'mobilenet_v1_1.0_224',
      data: 'photos',
      recipe: 'as-published',
      architecture: MOBILENET,
    };
    assert.deepEqual(lines('meanVariance', patient), [
      'tf8 quantize mobilenet_v1_1.0_224 --calibration-data photos --zero-variance mean --out mobilenet_v1_1.0_224.tf8',
      'tf8 quantize mobilenet_v1_1.0_224 --calibration-data photos --recipe best --out mobilenet_v1_1.0_224.tf8',
      'tf8 fix mobilenet_v1_1.0_224 --calibration-data photos --out mobilenet_v1_1.0_224-fixed.tf8',
    ]);
    assert.deepEqual(lines('equalizeChannels', patient), [
      'tf8 rearchitect mobilenet_v1_1.0_224 --variant friendly --data photos --out mobilenet_v1_1.0_224-friendly',
      'tf8 train --variant friendly --resolution 224 --from mobilenet_v1_1.0_224 --data photos --out mobilenet_v1_1.0_224-retrained',
      'tf8 quantize mobilenet_v1_1.0_224 --calibration-data photos --recipe best --out mobilenet_v1_1.0_224.tf8',
      'tf8 fix mobilenet_v1_1.0_224 --calibration-data photos --out mobilenet_v1_1.0_224-fixed.tf8',
    ]);
  });

  it('names the recipe best where the network was quantized by another one', () => {
    const commands = (patient: Partial<Patient>) =>
      lines('evenOutputs', { model: 'm', ...patient }).filter((line) =>
        / --recipe best /.test(line),
      );
    assert.equal(commands({ recipe: 'as-published' }).length, 1);
    assert.equal(commands({ zeroVariance: 'mean' }).length, 1);
    assert.equal(commands({}).length, 0, 'it is the default');
  });

  it('asks for more images than were calibrated with, and keeps the other options', () => {
    const patient = {
      model: 'models/mine/model.json',
      dataset: 'folder',
      data: 'photos',
      calibrationData: 'others',
      calibrationImages: 40,
      zeroVariance: 'mean',
      inputRange: { min: 0, max: 255 },
    } as const;
    assert.deepEqual(lines('calibrateOnMore', patient), [
      'tf8 quantize models/mine/model.json --calibration-data others --calibration-images 200 --zero-variance mean --input-range 0,255 --out mine.tf8',
    ]);
  });

  it('quotes for a shell what it would take apart', () => {
    const [line] = lines('evenOutputs', { model: "it's mine", data: 'my photos; all' });
    assert.equal(
      line,
      String.raw`tf8 rearchitect 'it'\''s mine' --variant friendly --data 'my photos; all' --out 'it'\''s mine-friendly'`,
    );
  });

  it('trains as wide a network as there is, and none that is not ours', () => {
    const narrow = { ...MOBILENET, variant: FRIENDLY, widthMultiplier: 0.25 };
    const relu = (patient: Patient) =>
      remedyFor({ code: 'replaceRelu6', network: 'rebuilt' }, patient).commands.map(inFlags);
    assert.deepEqual(relu({ model: 'm', dataset: 'cifar10', architecture: narrow }), [
      'tf8 train --variant friendly --width-multiplier 0.25 --resolution 224 --from m --dataset cifar10 --out m-retrained',
    ]);
    assert.deepEqual(relu({ model: 'm' }), []);
  });
});
