/**
 * Code that nothing needs (npm run check). Two runs: `knip` reports files, packages and exports that
 * nobody uses; `knip --production` those that only tests use. An export that its own file uses may have
 * tests as its only importers, and a type may be exported to name what a function takes or gives.
 */
const USED = [
  '{architectures,checkpoints,datasets,quantize,training,workflows}/index.ts',
  'quantize/browser.ts',
  'datasets/images/preprocess.ts',
  'bench/*.ts',
  'examples/*.ts',
  'examples/browser/page.ts',
  'scripts/*.{mjs,cjs}',
  'scripts/{main,build_dist,setup/main,chromium/fetch_chromium,docs/write_docs}.ts',
  // Bundled or started as processes and threads of their own.
  'bench/peers/runtimes/node_runtimes.ts',
  'bench/training/own_steps.ts',
  'datasets/pipeline/worker.ts',
  'training/one_dnn/time_steps.ts',
  'workflows/report/page/page.ts',
  'workflows/train/worker.ts',
];
const TESTS = [
  'test/**/*.test.ts',
  'test/{slow,long}/*.{slow,long}.ts',
  'test/checkpoints/training_checkpoint/{fill_disk,save_until_killed}.ts',
  'test/datasets/pipeline/leave_iteration.ts',
  'test/quantize/kernels/native/exercise.ts',
  'test/scripts/lines_in_turn.ts',
  'test/slow/train_for_steps.ts',
  'test/training/cluster/{exchanges,worker_steps}.ts',
];

export default ({ production }) => ({
  entry: [...USED.map((pattern) => `${pattern}!`), ...TESTS],
  // assembly/ is AssemblyScript.
  project: ['**/*.{ts,mts,mjs,cjs}!', '!test/**!', '!quantize/kernels/wasm/assembly/**'],
  ignoreExportsUsedInFile: production || { interface: true, type: true },
  ignoreIssues: { '**/generated/**': ['exports', 'types'] },
  ignoreBinaries: ['buf', 'dpkg-deb', 'mkfifo'],
  // Started or resolved by their paths (scripts/run_tests.mjs, scripts/build_native.mjs).
  ignoreDependencies: ['dependency-cruiser', 'node-api-headers'],
});
