/**
 * Any op of libtensorflow by its name, within TensorFlow.js: run at once on the TensorFlow backend,
 * recorded as a node in a function that is compiled.
 */

import * as tf from '@tensorflow/tfjs';
import type { AttrValue } from '../../../checkpoints/graph_def/generated/graph_def_pb.ts';
import { InvalidValueError } from '../../../foundation/errors.ts';
import { DT } from '../attributes.ts';
import { RECORDING, type RecordingBackend } from '../recording_backend.ts';
import type { OutputInfo } from '../trace.ts';

const OP_KERNEL = 'LibtensorflowOp';
const CHANGE_KERNEL = 'LibtensorflowChange';

export type Attributes = Readonly<Record<string, AttrValue>>;

interface OpAttributes {
  readonly op: string;
  readonly attributes: Attributes;
  readonly outputs: readonly OutputInfo[];
}

/** What is used of tfjs-node's backend. */
interface NativeBackend {
  readonly binding: Readonly<Record<string, number>>;
  executeMultipleOutputs(
    op: string,
    attributes: readonly NativeAttribute[],
    inputs: readonly tf.TensorInfo[],
    outputs: number,
  ): tf.Tensor[];
}

interface NativeAttribute {
  readonly name: string;
  readonly type: number;
  readonly value: number | boolean | string | readonly number[];
}

/** Whether `libtensorflowOp` works on the active backend. */
export function hasLibtensorflowOps(): boolean {
  return isRecording() || tf.getBackend() === 'tensorflow';
}

export function isRecording(): boolean {
  return tf.getBackend() === RECORDING;
}

/** Has no gradient of its own: give it one by `tf.customGrad`. @returns `outputs`' tensors */
export function libtensorflowOp(
  op: string,
  inputs: readonly tf.Tensor[],
  attributes: Attributes,
  outputs: readonly OutputInfo[],
): tf.Tensor[] {
  return runKernel(OP_KERNEL, inputs, { op, attributes, outputs });
}

/**
 * Changes variables in place by an op whose first inputs are their handles (`ResourceApply…`), where
 * a function is compiled.
 */
export function changeInPlace(
  op: string,
  variables: readonly tf.Variable[],
  inputs: readonly tf.Tensor[],
  attributes: Attributes,
): void {
  const values = runKernel(CHANGE_KERNEL, [...variables, ...inputs], {
    op,
    attributes,
    outputs: variables,
  });
  variables.forEach((variable, index) => {
    variable.assign(values[index]);
  });
}

function runKernel(
  kernel: string,
  inputs: readonly tf.Tensor[],
  attributes: OpAttributes,
): tf.Tensor[] {
  registerOnce();
  return tf
    .engine()
    .runKernel(
      kernel,
      Object.fromEntries(inputs.map((input, index) => [`${index}`, input])),
      attributes as unknown as tf.NamedAttrMap,
    ) as unknown as tf.Tensor[];
}

let registered = false;

function registerOnce(): void {
  if (registered) return;
  registered = true;
  const register = (kernelName: string, backendName: string, run: Run): void =>
    tf.registerKernel({
      kernelName,
      backendName,
      kernelFunc: ({ inputs, attrs, backend }) =>
        run(Object.values(inputs) as tf.TensorInfo[], attrs as unknown as OpAttributes, backend),
    });
  register(OP_KERNEL, RECORDING, (inputs, { op, attributes, outputs }, backend) =>
    (backend as RecordingBackend).active.add(op, inputs, attributes, outputs),
  );
  register(CHANGE_KERNEL, RECORDING, (inputs, { op, attributes, outputs }, backend) => {
    const targets = inputs.slice(0, outputs.length);
    const rest = inputs.slice(outputs.length);
    return (backend as RecordingBackend).active.addChange(op, targets, rest, attributes);
  });
  register(OP_KERNEL, 'tensorflow', (inputs, { op, attributes, outputs }, backend) => {
    const native = backend as NativeBackend;
    const converted = Object.entries(attributes).map(([name, value]) =>
      nativeAttribute(native, name, value),
    );
    return native.executeMultipleOutputs(op, converted, inputs, outputs.length);
  });
}

type Run = (inputs: tf.TensorInfo[], attributes: OpAttributes, backend: unknown) => tf.TensorInfo[];

/** tfjs-node's names of TF_AttrType, of TF_DataType by our numbers, and how it takes the values. */
function nativeAttribute(
  { binding }: NativeBackend,
  name: string,
  { value }: AttrValue,
): NativeAttribute {
  switch (value.case) {
    case 'type':
      return { name, type: binding.TF_ATTR_TYPE, value: nativeType(binding, value.value) };
    case 'i':
      return { name, type: binding.TF_ATTR_INT, value: Number(value.value) };
    case 'f':
      return { name, type: binding.TF_ATTR_FLOAT, value: value.value };
    case 'b':
      return { name, type: binding.TF_ATTR_BOOL, value: value.value };
    case 's':
      return {
        name,
        type: binding.TF_ATTR_STRING,
        value: new TextDecoder().decode(value.value),
      };
    default:
      throw new InvalidValueError(
        `Expected a type, a number, a boolean or a string for attribute ${name} but received ${value.case}`,
      );
  }
}

function nativeType(binding: NativeBackend['binding'], type: number): number {
  if (type === DT.int32) return binding.TF_INT32;
  return type === DT.bool ? binding.TF_BOOL : binding.TF_FLOAT;
}
