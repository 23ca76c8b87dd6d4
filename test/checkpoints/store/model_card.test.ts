import assert from 'node:assert/strict';
import { STANDARD } from '../../../architectures/variants.ts';
import {
  architectureOf,
  configOf,
  modelCardSchema,
} from '../../../checkpoints/store/model_card.ts';
import { firstIssue } from '../../../foundation/first_issue.ts';

const HASH = '0'.repeat(64);

const MOBILENET = {
  network: 'mobilenet_v1',
  variant: 'friendly',
  widthMultiplier: 0.5,
  resolution: 32,
  classes: 10,
};
const INCEPTION = { network: 'inception_v3', resolution: 75, classes: 10 };

/** As cards had it before this network had a choice of core layers. */
const PUBLISHED_V2 = { network: 'mobilenet_v2', resolution: 32, classes: 10 };

const cardOf = (architecture: object) => ({
  architecture,
  dataset: 'pets',
  classNames: [],
  labelOffset: 0,
  origin: { source: 'a test', route: 'none', sha256: HASH },
  weightsSha256: HASH,
});

describe('modelCardSchema', () => {
  for (const architecture of [
    MOBILENET,
    INCEPTION,
    { ...INCEPTION, widthMultiplier: 0.5 },
    PUBLISHED_V2,
    { ...PUBLISHED_V2, variant: 'friendly', widthMultiplier: 0.5 },
    { ...PUBLISHED_V2, network: 'mobilenet_v3_small', squeezeExcite: false },
  ]) {
    it(`reads ${JSON.stringify(architecture)} as it is`, () => {
      const card = cardOf(architecture);
      assert.deepEqual(modelCardSchema.parse(card), card);
    });
  }

  for (const [wrong, where] of [
    [{ ...MOBILENET, network: 'resnet' }, 'architecture.network'],
    [{ ...MOBILENET, variant: undefined }, 'architecture.variant'],
    [{ ...MOBILENET, widthMultiplier: 0 }, 'architecture.widthMultiplier'],
    [{ ...MOBILENET, resolution: 31 }, 'architecture.resolution'],
    [{ ...INCEPTION, resolution: 74 }, 'architecture.resolution'],
    [{ ...INCEPTION, classes: 1 }, 'architecture.classes'],
    [{ ...PUBLISHED_V2, variant: 'new' }, 'architecture.variant'],
  ] as const) {
    it(`refuses ${JSON.stringify(wrong)} for its ${where}`, () => {
      const { success, error } = modelCardSchema.safeParse(cardOf(wrong));
      assert.equal(success, false);
      assert.ok(firstIssue(error).startsWith(`${where}: `), firstIssue(error));
    });
  }
});

describe('configOf', () => {
  it('takes a card without a core layer for one of the published network', () => {
    const { architecture } = modelCardSchema.parse(cardOf(PUBLISHED_V2));
    const config = configOf(architecture);
    assert.deepEqual(config, { ...PUBLISHED_V2, variant: STANDARD, widthMultiplier: 1 });
    const again = { ...PUBLISHED_V2, variant: 'standard', widthMultiplier: 1 };
    assert.deepEqual(architectureOf(config), again);
  });

  it('is the inverse of architectureOf, without squeeze-and-excite too', () => {
    const architecture = {
      network: 'mobilenet_v3_large',
      variant: 'relu',
      squeezeExcite: false,
      widthMultiplier: 0.75,
      resolution: 96,
      classes: 10,
    } as const;
    assert.deepEqual(architectureOf(configOf(architecture)!), architecture);
  });
});
