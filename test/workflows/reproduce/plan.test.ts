import assert from 'node:assert/strict';
import { FRIENDLY } from '../../../architectures/variants.ts';
import { changePreset } from '../../../workflows/reproduce/change_preset.ts';
import type { NetworkPlan } from '../../../workflows/reproduce/network_plan.ts';
import { needsTraining, planRows, publishedPlans } from '../../../workflows/reproduce/plan.ts';
import { shapeOf } from '../../../workflows/reproduce/plan_shape.ts';
import { presetOf } from '../../../workflows/reproduce/presets.ts';
import { leftOut } from '../../../workflows/reproduce/row_titles.ts';

const STANDARD = presetOf('cifar10', 'standard');
const ORDER = [
  'inception-v3',
  'standard',
  'option-1',
  'best',
  'no-depthwise-bn',
  'relu',
  'friendly',
  'no-depthwise-bn-rearchitected',
  'relu-rearchitected',
  'friendly-rearchitected',
];

function plan(preset = STANDARD, withPublishedRows = false) {
  return planRows({ preset, seeds: [0, 1], withPublishedRows });
}

describe('planRows', () => {
  it('gives the rows in the order of the paper, the control first', () => {
    assert.deepEqual(
      plan().map(({ row }) => row),
      ORDER,
    );
  });

  it('has the paper’s figures beside every row, except of what it does not know', () => {
    const figures = plan().map(({ paper }) => [
      paper && 'floatTop1Percent' in paper ? paper.floatTop1Percent : undefined,
      paper?.tf8Top1Percent,
    ]);
    assert.deepEqual(figures, [
      [78, 76.92],
      [70.5, 1.8],
      [undefined, 45.73],
      [undefined, undefined],
      [70.55, 61.5],
      [70.8, 67.8],
      [70.77, 68.03],
      [70.55, 61.5],
      [70.8, 67.8],
      [70.77, 68.03],
    ]);
  });

  it('has the variants of another family from its own published weights, without the paper’s figures', () => {
    const rows = plan({ ...STANDARD, network: 'mobilenet_v2' }, true);
    const networks = rows.flatMap((row) => row.networks.map(({ plan }) => plan));
    for (const network of networks) {
      if (network.kind === 'published') assert.equal(network.model, 'mobilenet_v2_1.0_224');
      if (network.kind !== 'trained' || network.name === 'inception-v3') continue;
      assert.equal(network.network.network, 'mobilenet_v2');
      assert.equal(network.from, 'mobilenet_v2_1.0_224');
    }
    assert.deepEqual(
      rows.filter(({ paper }) => paper !== undefined).map(({ row }) => row),
      ['inception-v3'],
    );
    const rearchitected = networks.findLast(({ kind }) => kind === 'rearchitected')!;
    const { network, resolution } = shapeOf(rearchitected);
    const friendly = { network: 'mobilenet_v2', variant: FRIENDLY, widthMultiplier: 1 };
    assert.deepEqual([network, resolution], [friendly, 96]);
  });

  it('says that a family has no published weights to start from', () => {
    assert.throws(() => plan({ ...STANDARD, network: 'efficientnet_lite4' }), {
      name: 'UserError',
      message: 'Expected published weights of efficientnet_lite4 but tf8 knows none',
      remedy: 'Pass a model as `published`.',
    });
  });

  it('Option 1 is the same networks as standard, quantized otherwise', () => {
    const [, standard, option1] = plan();
    assert.equal(option1.networks, standard.networks);
    assert.deepEqual(
      [standard, option1].map(({ quantization }) => quantization.name),
      ['as-published', 'option-1'],
    );
  });

  it('each seed’s re-architecture starts from that seed’s standard network', () => {
    const rows = plan();
    const standard = rows.find(({ row }) => row === 'standard')!;
    const last = rows.at(-1)!;
    assert.equal(last.networks.length, 2);
    last.networks.forEach(({ plan: network }, index) => {
      const { original } = network as Extract<NetworkPlan, { kind: 'rearchitected' }>;
      assert.equal(original, standard.networks[index].plan);
    });
  });

  it('each variant is rebuilt from the standard network too', () => {
    const variants = plan().flatMap(({ networks: [{ plan: network }] }) =>
      network.kind === 'rearchitected' ? [network.variant.name] : [],
    );
    assert.deepEqual(variants, ['no-depthwise-bn', 'relu', 'friendly']);
  });

  it('a network that few seeds are enough for has the first of them', () => {
    const [inception] = plan(presetOf('fashion-mnist', 'standard'));
    assert.deepEqual(
      inception.networks.map(({ seed }) => seed),
      [0],
    );
  });

  it('tells each row’s recipe in words', () => {
    const quick = planRows({
      preset: presetOf('fashion-mnist', 'quick'),
      seeds: [0],
      withPublishedRows: false,
    });
    const { imagesPerEpoch } = quick[0].networks[0].plan as Extract<
      NetworkPlan,
      { kind: 'trained' }
    >;
    assert.equal(
      quick[0].recipe,
      `published weights, finetune-rmsprop at 64 × 64, 2 epochs × ${imagesPerEpoch} images`,
    );
    assert.match(quick.at(-1)!.recipe, /^the standard network, reconstructed on \d+ images, then /);
  });

  it('tells no more images than there are', () => {
    const rows = planRows({
      preset: presetOf('imagenet', 'standard'),
      seeds: [0],
      withPublishedRows: false,
      trainImages: 250,
    });
    assert.match(rows.find(({ row }) => row === 'friendly')!.recipe, /, 1 epoch × 250 images$/);
    assert.match(rows.at(-1)!.recipe, /reconstructed on 250 images, .* 1 epoch × 250 images$/);
  });

  it('rows of the published network come first where they are asked for', () => {
    const [published, option1, best, ...others] = plan(STANDARD, true);
    assert.deepEqual([published.row, option1.row], ['published', 'published-option-1']);
    assert.deepEqual([published.data, option1.quantization.name], ['published', 'option-1']);
    assert.deepEqual([best.row, best.quantization.name], ['published-best', 'best']);
    assert.equal(needsTraining(published), false);
    assert.deepEqual(
      others.map(({ row }) => row),
      ORDER,
    );
  });

  it('refuses a re-architecture without a standard network', () => {
    const { 'friendly-rearchitected': rearchitecture } = STANDARD.networks;
    const preset = { ...STANDARD, networks: { 'friendly-rearchitected': rearchitecture! } };
    assert.throws(() => plan(preset), {
      name: 'UserError',
      message: 'Expected a standard network to re-architect but the table has none',
    });
  });
});

describe('planRows of a table of ways', () => {
  const WAYS = presetOf('cifar10', 'quick', 'ways');
  const rows = planRows({
    preset: WAYS,
    seeds: [0, 1],
    withPublishedRows: false,
    trainImages: 900,
  });

  it('has every way of one network after those of the other', () => {
    const ways = [
      'as published',
      'Option 1',
      'best without training',
      'friendly',
      'quantization-aware',
      'friendly and quantization-aware',
    ];
    assert.deepEqual(
      rows.map(({ way }) => [way!.network, way!.name]),
      ['MobileNetV1', 'MobileNetV2', 'EfficientNet-Lite0'].flatMap((network) =>
        ways.map((way) => [network, way]),
      ),
    );
    assert.equal(new Set(rows.map(({ row }) => row)).size, rows.length);
    assert.ok(rows.every(({ paper }) => paper === undefined));
    assert.equal(rows[9].network, 'MobileNetV2, friendly');
  });

  it('each way of a seed starts from that seed’s standard network, the last from its friendly one', () => {
    const [standard, , , friendly, aware, both] = rows.slice(6, 12);
    for (const seed of [0, 1]) {
      const original = (row: typeof aware) => {
        const network = row.networks[seed].plan;
        return 'original' in network ? network.original : undefined;
      };
      assert.equal(original(friendly), standard.networks[seed].plan);
      assert.equal(original(aware), standard.networks[seed].plan);
      assert.equal(original(both), friendly.networks[seed].plan);
      assert.equal(shapeOf(aware.networks[seed].plan).network.network, 'mobilenet_v2');
    }
  });

  it('tells how many images each way adds, of those that there are', () => {
    assert.deepEqual(
      rows.slice(0, 6).map(({ way }) => way!.trainingImages),
      [2 * 900, 0, 0, 400 + 900, 900, 900],
    );
  });

  it('tells in words what a quantization-aware network starts from', () => {
    assert.match(
      rows[5].recipe,
      /^the friendly network, quantized by \S+, then trained in integers by quantization-aware at 96 × 96, 1 epoch × 900 images$/,
    );
  });
});

describe('publishedPlans', () => {
  const modelsOf = (...[dataset, preset, table]: Parameters<typeof presetOf>) => {
    const options = { preset: presetOf(dataset, preset, table), seeds: [0, 1] };
    const rows = planRows({ ...options, withPublishedRows: false });
    return publishedPlans(rows).map(({ network, model }) => [network, model]);
  };

  it('names what any row starts from, once, whatever stands between', () => {
    const names = [
      ['mobilenet_v1', 'mobilenet_v1_1.0_224'],
      ['mobilenet_v2', 'mobilenet_v2_1.0_224'],
      ['efficientnet_lite0', 'efficientnet_lite0'],
    ];
    assert.deepEqual(modelsOf('cifar10', 'quick', 'ways'), names);
    assert.deepEqual(modelsOf('imagenet', 'quick', 'ways'), names);
  });

  it('has nothing where all weights are random at the start', () =>
    assert.deepEqual(modelsOf('cifar10', 'paper', 'ways'), []));
});

describe('leftOut', () => {
  it('names the rows that a preset has not', () => {
    assert.deepEqual(leftOut(STANDARD), []);
    assert.deepEqual(leftOut(presetOf('cifar10', 'quick', 'ways')), []);
    assert.deepEqual(leftOut(presetOf('fashion-mnist', 'quick')), [
      'InceptionV3 (control)',
      'no-depthwise-bn',
      'relu',
      'no-depthwise-bn by re-architecture',
      'relu by re-architecture',
    ]);
    assert.deepEqual(leftOut(changePreset(STANDARD, { networks: ['relu'] })), [
      'InceptionV3 (control)',
      'standard',
      'standard, Option 1',
      'standard, best without training',
      'no-depthwise-bn',
      'friendly',
      'no-depthwise-bn by re-architecture',
      'relu by re-architecture',
      'friendly by re-architecture',
    ]);
  });
});
