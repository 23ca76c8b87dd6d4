/**
 * The package's entry in Node: TF8 models as data, and running them. No TensorFlow.
 * @module tf8
 */
export * from './common.ts';
export { loadTf8 } from './execute/load_tf8.ts';
export { planOn, type TierOptions } from './execute/plan_on.ts';
export type { SelectedKernels, TierReport, TierRoute } from './kernels/route.ts';
export { examineTiers, type SelectOptions, selectKernels } from './kernels/select.ts';
