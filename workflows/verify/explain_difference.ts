import type { FormatName } from '../../quantize/export/format_names.ts';
import { DEFAULT_ROUNDING, type RoundingName } from '../../quantize/params/roundings.ts';
import { option } from '../wording.ts';
import { type RuntimeName, runtimesOf } from './runtime_names.ts';

/** How the runtimes round by default; cc computes as the model does, and qonnx in real numbers. */
const RUNTIME_ROUNDING: Readonly<Record<RuntimeName, RoundingName | undefined>> = {
  litert: DEFAULT_ROUNDING,
  'tflite-micro': 'double-rounding',
  onnxruntime: DEFAULT_ROUNDING,
  'onnxruntime-node': DEFAULT_ROUNDING,
  qonnx: undefined,
  cc: undefined,
};

const RUNTIME_TITLES: Readonly<Record<RuntimeName, string>> = {
  litert: 'LiteRT',
  'tflite-micro': 'TensorFlow Lite Micro',
  onnxruntime: 'ONNX Runtime',
  'onnxruntime-node': 'ONNX Runtime',
  qonnx: 'QONNX',
  cc: 'C',
};

/** That what reads an export rounds otherwise than the model; undefined where nothing does. */
export function otherRounding(format: string, rounding: RoundingName): string | undefined {
  const known = runtimesOf(format).filter((name) => RUNTIME_ROUNDING[name] !== undefined);
  const titles = (names: readonly RuntimeName[]) =>
    [...new Set(names.map((name) => RUNTIME_TITLES[name]))].join(' and ');
  const others = known.filter((name) => RUNTIME_ROUNDING[name] !== rounding);
  if (others.length === 0) return undefined;
  const alike = known.filter((name) => RUNTIME_ROUNDING[name] === rounding);
  const as = alike.length === 0 ? '' : `, as ${titles(alike)} does`;
  const groups = [...new Set(others.map((name) => RUNTIME_ROUNDING[name]!))].map((own) => ({
    own,
    who: titles(others.filter((name) => RUNTIME_ROUNDING[name] === own)),
  }));
  const roundings = groups.map(({ own, who }) => `${who} rounds as ${own}`).join(', ');
  const profiles = groups.map(
    ({ own, who }) => `${option('profile', own)} makes a network that rounds as ${who} does`,
  );
  return `${roundings}, this network as ${rounding}${as}: some bytes will be others there. A C library (${option('format', 'c')}) keeps the rounding; ${profiles.join('; ')}.`;
}

/**
 * The entry of a session of ONNX Runtime that keeps int8 activations int8. Without it, they become uint8 before they meet
 * int8 weights, and x86-64 processors that lack VNNI multiply these by `vpmaddubsw`, whose sums of two products saturate
 * at int16; products of int8 and int8 are widened, and exact.
 */
export const EXACT_PRODUCTS = { 'session.qdqisint8allowed': '1' } as const;

export const EXACT_PRODUCTS_WORDS = Object.entries(EXACT_PRODUCTS)[0].join('=');

export interface ComparedRun {
  readonly runtime: RuntimeName;
  readonly format: FormatName | string;
  /** The rule by which our executor rounded. */
  readonly rounding: RoundingName;
  /** Whether the network adds or subtracts tensors. */
  readonly hasSums: boolean;
  readonly sessionConfig: Readonly<Record<string, string>> | undefined;
}

/** Why a runtime computed other bytes than our executor, and what to do; undefined where nobody knows. */
export function explainDifference(run: ComparedRun): string | undefined {
  const { runtime, format, rounding, hasSums, sessionConfig } = run;
  const theirs = RUNTIME_ROUNDING[runtime];
  if (runtime === 'qonnx') {
    return 'QONNX computes in single precision and rounds ties to even: a byte may differ by one, and what is computed from it.';
  }
  if (theirs !== undefined && theirs !== rounding) {
    return `${runtime} rounds as ${theirs}, our executor as ${rounding}: ${option('profile', theirs)} compares with the rounding of ${runtime}.`;
  }
  if (runtime === 'tflite-micro' && hasSums) {
    return 'TensorFlow Lite Micro adds tensors by another arithmetic than LiteRT, which ours is: a byte of a sum may differ by one, and what is computed from it.';
  }
  const isOnnx = runtime === 'onnxruntime' || runtime === 'onnxruntime-node';
  const isExact = sessionConfig?.['session.qdqisint8allowed'] === '1';
  if (!isOnnx || format !== 'onnx-int8' || isExact) return undefined;
  return `ONNX Runtime makes uint8 of int8 activations, and on x86-64 processors without VNNI its sums of two products of uint8 and int8 saturate at 16 bits: ${option('sessionConfig', EXACT_PRODUCTS_WORDS)} keeps them int8, whose products are exact, as the same entry of the session's options does in a program.`;
}
