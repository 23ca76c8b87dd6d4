/**
 * Versions of what stored results come from: raise one when a change of the code changes its results,
 * so that no table takes up results of before.
 */

/** Of `trainJob`: transfer of weights, step, loop, order of the images, preprocessing. */
export const TRAINING_VERSION = 1;

/** Of `rearchitect`, and of the training in it. */
export const REARCHITECTURE_VERSION = 2;

/** Of `trainQuantizationAware`: the quantization that it starts from, its rules and its step. */
export const QUANTIZATION_AWARE_VERSION = 1;

/** Of float evaluation, conversion to TF8 and its execution. */
export const MEASURING_VERSION = 1;

/** Of the analysis of a network, and of the images that a report shows. */
export const ANALYSIS_VERSION = 2;
