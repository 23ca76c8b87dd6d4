import { z } from 'zod';

/**
 * Kinds of processors, by the widest instructions that kernels use there; the best first. Figures of one
 * say little about another. The names are those of our kernels.
 */
export const PROCESSOR_KINDS = {
  avx512vnni: 'AVX-512 VNNI',
  avxvnni: 'AVX-VNNI',
  avx2: 'AVX2',
  neondot: 'NEON dot product',
  neon: 'NEON',
  scalar: 'no vectors that kernels use',
} as const;

export const processorKindSchema = z.enum(
  Object.keys(PROCESSOR_KINDS) as [ProcessorKind, ...ProcessorKind[]],
);

export type ProcessorKind = keyof typeof PROCESSOR_KINDS;

/** @param features of `examineProcessor` */
export function processorKind(features: readonly string[] = []): ProcessorKind {
  const kinds = Object.keys(PROCESSOR_KINDS) as ProcessorKind[];
  return kinds.find((kind) => features.includes(PROCESSOR_KINDS[kind])) ?? 'scalar';
}
