import { NETWORK_NAMES } from '../../architectures/registry.ts';
import { PROCESSOR_KINDS } from '../../workflows/records/processor_kind.ts';
import { NOT_MEASURED } from './not_measured.ts';

/** What is measured on each kind of processor, and what follows its table on a page of docs/. */
const MEASURED = {
  executor: (kind: string) =>
    [
      `![Latencies of one image on one thread, ${kind}](../bench/results/executor-latencies-${kind}.svg)`,
      `[Layer by layer](../bench/results/executor-layers-${kind}.md), beside what the processor's multiply instructions reach.`,
    ].join('\n\n'),
  roundings: () => '',
  training: () => '',
} as const;

/**
 * Parts of pages that show a measurement on every kind of processor that it was made on: "executor" of
 * "executor-avx512vnni" and "executor-avx2".
 * Those of other networks ("executor-mobilenet_v2-avx2") follow.
 * @param tables those in bench/results, by name
 */
export function kindParts(tables: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(MEASURED).map(([name, after]) => {
      const parts = Object.entries(PROCESSOR_KINDS).flatMap(([kind, title]) => {
        const table = tables.get(`${name}-${kind}`);
        const others = NETWORK_NAMES.map(
          (network) => tables.get(`${name}-${network}-${kind}`) ?? '',
        );
        return table === undefined ? [] : [`**${title}**`, table, after(kind), ...others];
      });
      return [name, parts.filter((part) => part !== '').join('\n\n') || NOT_MEASURED];
    }),
  );
}
