/**
 * The directions of imports, as docs/house.md has them. Each rule names a room and the only doors it has;
 * within a room, subfolders import each other freely, as long as no cycle comes of it.
 * `room(path, allowed)` forbids an import from `path` to any of our files outside `allowed`.
 */
const ROOMS = [
  'architectures',
  'bench',
  'checkpoints',
  'datasets',
  'examples',
  'foundation',
  'quantize',
  'scripts',
  'test',
  'training',
  'workflows',
];
const OURS = `^(${ROOMS.join('|')})/`;

/** Only `allowed` rooms (path prefixes) may be imported from files under `path`. */
function room(path, allowed) {
  return {
    name: `${path} imports only ${allowed.join(', ') || 'nothing'}`,
    severity: 'error',
    from: { path: `^${path}/` },
    to: { path: OURS, pathNot: [`^${path}/`, ...allowed.map((a) => `^${a}`)] },
  };
}

/** Files under `path` stay free of the packages and Node modules that match `pattern`. */
function without(path, pattern, why) {
  return {
    name: `${path}: ${why}`,
    severity: 'error',
    from: { path: `^${path}/` },
    to: { path: pattern },
  };
}

const TENSORFLOW = 'node_modules/@tensorflow/';

module.exports = {
  forbidden: [
    { name: 'no cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'every import resolves',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'nobody imports scripts, bench or test',
      severity: 'error',
      from: { pathNot: '^(scripts|bench|test)/' },
      to: { path: '^(scripts|bench|test)/' },
    },
    {
      name: 'nobody imports examples',
      severity: 'error',
      from: { pathNot: '^examples/' },
      to: { path: '^examples/' },
    },
    room('foundation', []),
    room('bench', [
      'foundation/',
      'architectures/',
      'checkpoints/',
      'datasets/',
      'training/',
      'quantize/',
      'workflows/',
    ]),
    room('architectures', ['foundation/']),
    room('architectures/graph', ['foundation/']),
    room('checkpoints', ['foundation/', 'architectures/']),
    room('datasets', ['foundation/']),
    room('training', ['foundation/', 'architectures/', 'datasets/', 'checkpoints/', 'quantize/']),
    room('quantize/params', []),
    room('quantize/ops', ['quantize/params/']),
    room('quantize/kernels', ['quantize/params/', 'quantize/ops/']),
    // A model carries the recipe that it was made by, which is data.
    room('quantize/model', [
      'quantize/params/',
      'quantize/ops/',
      'quantize/convert/recipe(_schema)?\\.ts$',
    ]),
    room('quantize/convert', [
      'quantize/params/',
      'quantize/ops/',
      'quantize/kernels/',
      'quantize/model/',
      'architectures/graph/',
    ]),
    room('quantize/analyze', [
      'quantize/params/',
      'quantize/ops/',
      'quantize/kernels/',
      'quantize/model/',
      'quantize/execute/',
      'architectures/graph/',
    ]),
    room('quantize/execute', [
      'quantize/params/',
      'quantize/ops/',
      'quantize/kernels/',
      'quantize/model/',
    ]),
    room('quantize/export', [
      'quantize/params/',
      'quantize/ops/',
      'quantize/model/',
      'quantize/convert/recipe(_schema)?\\.ts$',
      'foundation/(flatbuffers|onnx)/',
    ]),
    room('workflows', [
      'foundation/',
      'architectures/',
      'checkpoints/',
      'datasets/',
      'training/',
      'quantize/',
    ]),
    room('scripts', [
      'foundation/',
      'architectures/',
      'checkpoints/',
      'datasets/',
      'training/',
      'quantize/',
      'workflows/',
    ]),
    {
      name: 'quantize/(index|node|browser|common).ts: nothing of other rooms, except foundation/optional_package and architectures/graph',
      severity: 'error',
      from: { path: '^quantize/(index|node|browser|common)\\.ts$' },
      to: {
        path: OURS,
        pathNot: ['^quantize/', '^foundation/optional_package\\.ts$', '^architectures/graph/'],
      },
    },
    room('examples', [
      'architectures/index',
      'checkpoints/index',
      'datasets/images/preprocess',
      'datasets/index',
      'quantize/browser',
      'quantize/index',
      'quantize/kernels/wasm/kernels.wasm',
      'quantize/node',
      'training/index',
      'workflows/index',
    ]),
    without(
      'quantize/(params|ops|kernels|model|execute|analyze|export)',
      TENSORFLOW,
      'no TensorFlow',
    ),
    without('(foundation|datasets|architectures/graph/passes)', TENSORFLOW, 'no TensorFlow'),
    {
      name: '@tensorflow/tfjs-node stands behind one adapter',
      severity: 'error',
      from: { pathNot: ['^training/backend\\.ts$', '^test/'] },
      to: { path: 'node_modules/@tensorflow/tfjs-node/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|quantize/kernels/wasm/assembly)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.mjs', '.js', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
    },
  },
};
