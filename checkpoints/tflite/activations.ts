/** Operators of one value, and the activations that others bring along. */
import type { Activation } from '../../architectures/graph/operations/activation_function.ts';
import {
  ABSOLUTE,
  clamp,
  EXPONENTIAL,
  NEGATIVE,
  SQUARE,
  SQUARE_ROOT,
  UNIT,
} from '../../architectures/graph/operations/functions.ts';
import { HARD_SWISH } from '../../architectures/graph/operations/hard_swish.ts';
import { ACTIVATION } from '../../foundation/flatbuffers/tflite_schema.ts';

/** By operator. */
export const FUNCTIONS: Readonly<Record<string, Activation>> = {
  RELU: 'relu',
  RELU6: 'relu6',
  RELU_N1_TO_1: clamp(-1, 1),
  RELU_0_TO_1: UNIT,
  LOGISTIC: 'sigmoid',
  TANH: 'tanh',
  ELU: 'elu',
  EXP: EXPONENTIAL,
  SQRT: SQUARE_ROOT,
  HARD_SWISH,
  ABS: ABSOLUTE,
  NEG: NEGATIVE,
  SQUARE,
};

/** By the number of ActivationFunctionType. */
export const FUSED: Readonly<Record<number, Activation>> = {
  [ACTIVATION.linear]: 'linear',
  [ACTIVATION.relu]: 'relu',
  [ACTIVATION.reluN1To1]: clamp(-1, 1),
  [ACTIVATION.relu6]: 'relu6',
  [ACTIVATION.tanh]: 'tanh',
};
