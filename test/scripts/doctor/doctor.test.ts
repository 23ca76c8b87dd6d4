import assert from 'node:assert/strict';
import { linuxFeatures, macosFeatures } from '../../../foundation/processes/processor.ts';
import { REFERENCE_KERNELS } from '../../../quantize/kernels/reference.ts';
import { examineRoutes, type TierRoute } from '../../../quantize/kernels/route.ts';
import {
  type DoctorReport,
  findProblems,
  type TierFinding,
  tierFindings,
} from '../../../scripts/doctor/examine.ts';
import { showReport } from '../../../scripts/doctor/show.ts';
import { runWith } from '../../quantize/kernels/run_with.ts';

const HEALTHY: DoctorReport = {
  node: { version: '20.19.0', platform: 'linux-x64' },
  tools: [{ name: 'npm', version: '10.0.0', use: 'installs the packages' }],
  processor: {
    model: 'Processor',
    architecture: 'x64',
    cores: 2,
    memoryBytes: 8e9,
    features: ['AVX2'],
  },
  tfjsNode: {
    loads: true,
    route: 'wheel',
    binding: 'compiled',
    libtensorflow: '2.15.1',
    error: null,
    failures: [{ route: 'official', reason: 'no network' }],
  },
  gpus: { driver: null, devices: [] },
  workers: true,
  oneDnn: { on: true, reason: 'vnni', trials: [] },
  wasmSimd: true,
  tiers: [
    {
      tier: 'native',
      instructionSet: 'vnni',
      state: 'unsupported',
      chosen: false,
      reason: 'this processor has no vnni',
    },
    { tier: 'native', instructionSet: 'avx2', state: 'passed', chosen: true },
    { tier: 'wasm', state: 'passed', chosen: false },
    { tier: 'reference', state: 'passed', chosen: false },
  ],
  sharp: { version: '0.35.5', libvips: '8.18' },
  cache: {
    folder: '/cache',
    bytes: 2e6,
    artifacts: [
      { name: 'a', bytes: 1e6, route: { kind: 'pip', requirement: 'thing==1', sha256: '0' } },
    ],
  },
  problems: [],
};

const missing = (tier: TierFinding['tier']): TierFinding => ({
  tier,
  state: 'missing',
  chosen: false,
  reason: 'not built',
});

/** Off by one in its last byte. */
const LYING: TierRoute = {
  tier: 'native',
  instructionSet: 'avx2',
  create: () => ({
    ...REFERENCE_KERNELS,
    tier: 'native',
    instructionSet: 'avx2',
    ...runWith('maxPool2d', ({ output }) => {
      output[output.length - 1] ^= 1;
    }),
  }),
};

describe('tierFindings', () => {
  it('calls the fastest that passed its self-test the one that auto takes', () => {
    const reference: TierRoute = { tier: 'reference', create: () => REFERENCE_KERNELS };
    const [lying, first, second] = tierFindings(examineRoutes([LYING, reference, reference]));
    assert.deepEqual([lying.state, lying.chosen], ['failed', false]);
    assert.match(lying.reason!, /^Expected the reference's byte .* "maxPool2d" in the self-test/);
    assert.deepEqual(first, { tier: 'reference', state: 'passed', chosen: true });
    assert.deepEqual(second, { tier: 'reference', state: 'passed', chosen: false });
  });
});

describe('findProblems', () => {
  it('finds none in a healthy checkout', () => assert.deepEqual(findProblems(HEALTHY), []));

  it('calls tfjs-node missing but not essential, and names the missing tools', () => {
    const [problem, ...more] = findProblems({
      ...HEALTHY,
      tools: [{ name: 'g++', version: undefined, use: '' }],
      tfjsNode: { ...HEALTHY.tfjsNode, loads: false, error: 'not found' },
    });
    assert.equal(more.length, 0);
    assert.equal(problem.essential, false);
    assert.match(problem.what, /not found.*training is some hundred times slower/);
    assert.equal(problem.remedy, 'Install g++, then run "npm run setup".');
  });

  it('calls sharp essential', () => {
    const [problem] = findProblems({ ...HEALTHY, sharp: { error: 'no binary' } });
    assert.equal(problem.essential, true);
  });

  it('calls a checkout without any kernel tier broken', () => {
    const tiers = HEALTHY.tiers.map(({ tier }) => missing(tier));
    assert.equal(findProblems({ ...HEALTHY, tiers })[0].essential, true);
  });

  it('advises a C compiler where the native kernels are missing, and calls them not essential', () => {
    const tiers = [missing('native'), HEALTHY.tiers[2]];
    const [problem] = findProblems({ ...HEALTHY, tiers });
    assert.equal(problem.essential, false);
    assert.match(problem.remedy, /C compiler/);
  });

  it('tells what kernels lack that passed, and calls it not essential', () => {
    const limitation = 'runs on one thread: kernels_threads.wasm was not built';
    const create = () => ({ ...REFERENCE_KERNELS, tier: 'wasm' as const, limitation });
    const [finding] = tierFindings(examineRoutes([{ tier: 'wasm', create }]));
    assert.deepEqual(finding, { tier: 'wasm', state: 'passed', chosen: true, limitation });
    const problems = findProblems({ ...HEALTHY, tiers: [finding] });
    const what = `The kernel tier wasm ${limitation}`;
    assert.equal(problems.length, 1);
    assert.deepEqual([problems[0].what, problems[0].essential], [what, false]);
    assert.match(problems[0].remedy, /^Run "npm run build"/);
    const text = showReport({ ...HEALTHY, tiers: [finding], problems });
    assert.match(text, /self-test passed; taken by --tier auto; runs on one thread/);
  });

  it('advises another Node where WebAssembly SIMD is what the tier lacks', () => {
    const tiers = [missing('wasm'), HEALTHY.tiers[3]];
    const [problem] = findProblems({ ...HEALTHY, tiers, wasmSimd: false });
    assert.match(problem.remedy, /no WebAssembly SIMD/);
    assert.equal(problem.essential, false);
  });
});

describe('showReport', () => {
  it('shows the route of tfjs-node and of each artifact', () => {
    const text = showReport(HEALTHY);
    assert.match(text, /tfjs-node +works, libtensorflow 2\.15\.1, route: wheel, binding compiled/);
    assert.match(text, /a, 1\.0 MB, by pip thing==1 \(a package that contains it\)/);
    assert.match(text, /Everything works\.$/);
  });

  it('shows memory in GB, and that tfjs-node was there already', () => {
    const tfjsNode = { ...HEALTHY.tfjsNode, route: 'found', binding: null } as const;
    const text = showReport({ ...HEALTHY, tfjsNode });
    assert.match(text, /memory +8\.0 GB/);
    assert.match(text, /works, libtensorflow 2\.15\.1, was there already \(not installed by/);
  });

  it('shows whether oneDNN computes, why, and what trials have found', () => {
    const oneDnn = (choice: Partial<DoctorReport['oneDnn']>) =>
      showReport({ ...HEALTHY, oneDnn: { ...HEALTHY.oneDnn, ...choice } });
    assert.match(oneDnn({}), /^oneDNN +on: this processor has AVX-512 VNNI, where /m);
    assert.match(
      oneDnn({ on: false, reason: 'user' }),
      /^oneDNN +off: TF_ENABLE_ONEDNN_OPTS says/m,
    );
    const trials = [{ on: 1099, off: 1836, network: 'a small network' }];
    const tried = oneDnn({ reason: 'noVnni', trials });
    assert.match(
      tried,
      /^oneDNN +on: this processor has no AVX-512 VNNI, .*; long trainings try both$/m,
    );
    assert.match(
      tried,
      /^ +a small network: off, a trial trained 1099 images\/s with it and 1836 without$/m,
    );
  });

  it('shows what the set-up tried when tfjs-node does not load', () => {
    const tfjsNode = { ...HEALTHY.tfjsNode, loads: false, libtensorflow: null, error: 'absent' };
    const problems = findProblems({ ...HEALTHY, tfjsNode });
    const text = showReport({ ...HEALTHY, tfjsNode, problems });
    assert.match(text, /does not load: absent/);
    assert.match(text, /→ Run "npm run setup"\./);
    assert.match(text, /- official: no network$/);
  });

  it('shows unknown features, an unusable tier, a missing tool and sharp’s error', () => {
    const text = showReport({
      ...HEALTHY,
      tools: [{ name: 'make', version: undefined, use: 'compiles tfjs-node' }],
      processor: { ...HEALTHY.processor, features: undefined },
      tiers: [missing('wasm')],
      sharp: { error: 'no binary' },
    });
    assert.match(text, /make +not found \(compiles tfjs-node\)/);
    assert.match(text, /features +unknown/);
    assert.match(text, /kernels: wasm +not available: not built/);
    assert.match(text, /sharp +does not load: no binary/);
  });
});

describe('showReport of the kernels', () => {
  it('shows each instruction set, its self-test and which one is taken', () => {
    const text = showReport(HEALTHY);
    assert.match(text, /kernels: native vnni +not available: this processor has no vnni$/m);
    assert.match(text, /kernels: native avx2 +self-test passed; taken by --tier auto$/m);
    assert.match(text, /kernels: wasm +self-test passed$/m);
  });

  it('shows where the bytes of kernels that fail their self-test differ, and what to do', () => {
    const tiers = tierFindings(examineRoutes([LYING]));
    const problems = findProblems({ ...HEALTHY, tiers: [...tiers, HEALTHY.tiers[3]] });
    const text = showReport({ ...HEALTHY, tiers, problems });
    assert.match(text, /kernels: native avx2 +self-test failed: Expected the reference's byte/);
    assert.match(text, /^The kernels native avx2 are passed over: Expected the reference's byte/m);
    assert.match(text, /→ Run "npm run build" to compile them anew/);
    assert.equal(problems[0].essential, false);
  });
});

describe('processor features', () => {
  it('reads the flags of an x86 Linux', () =>
    assert.deepEqual(
      linuxFeatures('model name : x\nflags\t\t: fpu sse4_1 avx2 avx512_vnni\nbugs :\n'),
      ['SSE4.1', 'AVX2', 'AVX-512 VNNI'],
    ));

  it('reads the features of an ARM Linux', () =>
    assert.deepEqual(linuxFeatures('Features\t: fp asimd asimddp\n'), [
      'NEON',
      'NEON dot product',
    ]));

  it('reads the settings of macOS', () =>
    assert.deepEqual(macosFeatures('\nhw.optional.AdvSIMD: 1\nhw.optional.arm.FEAT_I8MM: 0\n'), [
      'NEON',
    ]));
});
