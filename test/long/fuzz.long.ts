import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Finding } from '../fuzz/fuzz.ts';
import type { FuzzProgress } from '../fuzz/fuzz_process.ts';
import { inFolder } from '../support/in_folder.ts';

const INPUTS = Number(process.env.TF8_FUZZ_INPUTS ?? 200_000);
/** On a machine that others use too. */
const MOST_SECONDS_FOR_AN_INPUT = 60;
const MOST_BYTES = 2 ** 30;
const FUZZ_PROCESS = fileURLToPath(new URL('../fuzz/fuzz_process.ts', import.meta.url));

interface Campaign {
  readonly findings: readonly Finding[];
  readonly done: number;
  readonly peakBytes: number;
  /** How the process ended: `exit 0`, or `SIGKILL` where an input took too long. */
  readonly end: string;
}

async function campaign(folder: string): Promise<Campaign> {
  const child = fork(FUZZ_PROCESS, [folder, String(INPUTS)], { execArgv: ['--import', 'tsx'] });
  const findings: Finding[] = [];
  let [done, peakBytes] = [0, 0];
  let watch: NodeJS.Timeout | undefined;
  child.on('message', (progress: FuzzProgress) => {
    ({ done, peakBytes } = progress);
    if (progress.finding !== undefined) findings.push(progress.finding);
    watch ??= setTimeout(() => child.kill('SIGKILL'), 1000 * MOST_SECONDS_FOR_AN_INPUT);
    watch.refresh();
  });
  try {
    const [code, signal] = await once(child, 'close');
    return { findings, done, peakBytes, end: signal ?? `exit ${code}` };
  } finally {
    clearTimeout(watch);
    child.kill('SIGKILL');
  }
}

describe(`${INPUTS} mutated files`, function () {
  this.timeout(120 * 60_000);

  it('are read or refused by every reader: no crash, no hang, no memory over 1 GB', () =>
    inFolder(async (folder) => {
      const { findings, done, peakBytes, end } = await campaign(folder);
      assert.deepEqual(findings, []);
      assert.deepEqual({ done, end }, { done: INPUTS, end: 'exit 0' }, `input ${done} ends it`);
      assert.ok(peakBytes < MOST_BYTES, `the process had ${peakBytes} bytes`);
    }));
});
