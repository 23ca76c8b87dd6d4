import { DEFAULT_ROUNDING, ROUNDINGS } from '../../quantize/params/roundings.ts';
import { markdownTable } from '../../workflows/records/markdown_table.ts';
import { PROCESSOR_KINDS } from '../../workflows/records/processor_kind.ts';
import type { RoundingsRecord } from './roundings_record.ts';

/** The record for people: each tier by each profile, and how many times as long as by the default. */
export function roundingsTable(record: RoundingsRecord): string {
  const { rows, network, content, environment, kind, rounds, secondsPerTurn, date } = record;
  const latency = (tier: string, rounding: string) =>
    rows.find((row) => row.tier === tier && row.rounding === rounding)?.latencyMs;
  const cells = (tier: string) =>
    ROUNDINGS.map((rounding) => {
      const [ms, plain] = [latency(tier, rounding), latency(tier, DEFAULT_ROUNDING)];
      if (ms === undefined) return '–';
      const times = plain === undefined || rounding === DEFAULT_ROUNDING ? undefined : ms / plain;
      return ms.toFixed(2) + (times === undefined ? '' : ` (× ${times.toPrecision(3)})`);
    });
  const tiers = [...new Set(rows.map(({ tier }) => tier))];
  return [
    `${network}: milliseconds of one image on one thread by each profile of rounding, medians of all calls, and times as long as by the default. In each of ${rounds} rounds everybody had a turn of ${secondsPerTurn} s.`,
    markdownTable(
      ['', ...ROUNDINGS],
      tiers.map((tier) => [tier, ...cells(tier)]),
      1,
    ),
    `Before, every tier gave the reference's bytes by each profile on every layer, on ${content}. ${environment.processor} (${PROCESSOR_KINDS[kind]}), ${environment.threads} threads, Node ${environment.node}, commit ${environment.commit.slice(0, 10)}, ${date}.`,
  ].join('\n\n');
}
