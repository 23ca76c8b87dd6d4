import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { readdir, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { verifyModelFolder } from '../../checkpoints/store/model_store.ts';
import { readMetrics } from '../../training/watch/metrics_file.ts';
import { runTf8 } from '../scripts/run_tf8.ts';
import { picture, writeImage } from '../scripts/support.ts';
import { inFolder } from '../support/in_folder.ts';

const KILLS = 20;
/** Of them, those before the first step: while the process starts, reads and compiles. */
const EARLY_KILLS = 5;
const EARLY_MS = 4000;

const IMAGES = 200;
const EPOCHS = 30;
/** Batches of 16 from the 180 images that are not held out; 4 are left over. */
const STEPS = EPOCHS * 11;

const random = xoroshiro128plus(20);
const below = (limit: number) => uniformInt(random, 0, limit - 1);

/** Steps of the newest checkpoint; 0 before the first. */
async function newestStep(out: string): Promise<number> {
  const names = await readdir(join(out, 'checkpoints')).catch(() => [] as string[]);
  const steps = names.map((name) => Number(/^step-(\d+)\.safetensors$/.exec(name)?.[1] ?? 0));
  return Math.max(0, ...steps);
}

/** Kills a process at a random moment after its start. */
async function killEarly(child: ChildProcess): Promise<void> {
  await sleep(below(EARLY_MS));
  child.kill('SIGKILL');
}

/** Kills a process at a random moment after the checkpoint of `step` is there. */
async function killAfter(step: number, out: string, child: ChildProcess): Promise<void> {
  while ((await newestStep(out)) < step && child.exitCode === null) await sleep(10);
  await sleep(below(300));
  child.kill('SIGKILL');
}

describe('tf8 train', function () {
  this.timeout(30 * 60_000);

  it(`killed ${KILLS} times and resumed, ends with the bytes of the run that was not killed`, () =>
    inFolder(async (folder) => {
      const data = join(folder, 'data');
      for (let index = 0; index < IMAGES; index++) {
        await writeImage(data, index % 4, `${index}.png`, await picture(index));
      }
      const train = (out: string, onStart: (child: ChildProcess) => void = () => {}) =>
        runTf8(
          [
            'train',
            '--variant',
            'friendly',
            '--recipe',
            'scratch-small',
            '--resume',
            '--json',
            '--dataset',
            'imagenet',
            '--data',
            data,
            '--width-multiplier',
            '0.25',
            '--epochs',
            String(EPOCHS),
            '--batch-size',
            '16',
            '--validation-images',
            '20',
            '--checkpoint-steps',
            '5',
            '--out',
            out,
          ],
          { onStart },
        );

      const whole = join(folder, 'whole');
      const uninterrupted = await train(whole);
      assert.equal(uninterrupted.status, 0, uninterrupted.stderr);

      const out = join(folder, 'killed');
      const later = Array.from({ length: KILLS - EARLY_KILLS }, () => below(0.85 * STEPS));
      const moments = later.sort((a, b) => a - b);
      for (let kill = 0; kill < KILLS; kill++) {
        const early = kill % (KILLS / EARLY_KILLS) === 0;
        const step = early ? 0 : moments.shift()!;
        let killing: Promise<void> | undefined;
        const { status, stderr } = await train(out, (child) => {
          killing = early ? killEarly(child) : killAfter(step, out, child);
        });
        await killing;
        assert.equal(status, null, `kill ${kill + 1} came too late: ${stderr}`);
        if (kill === KILLS / 2) await truncateNewest(out);
      }
      const resumed = await train(out);
      assert.equal(resumed.status, 0, resumed.stderr);

      for (const dir of ['', 'best']) {
        const [card, expected] = [out, whole].map((run) => verifyModelFolder(join(run, dir)));
        assert.deepEqual(await card, await expected);
      }
      assert.deepEqual(await metricsOf(out), await metricsOf(whole));
    }));
});

/** As a crash of the machine might leave it. */
async function truncateNewest(out: string): Promise<void> {
  const step = await newestStep(out);
  const name = `step-${String(step).padStart(8, '0')}.safetensors`;
  const path = join(out, 'checkpoints', name);
  await truncate(path, Math.floor((await stat(path)).size / 2));
}

/** Without what the clock decides. */
async function metricsOf(out: string): Promise<unknown> {
  const { steps, epochs } = await readMetrics(join(out, 'metrics.jsonl'));
  return [...steps, ...epochs].map(({ time, ...line }) => line);
}
