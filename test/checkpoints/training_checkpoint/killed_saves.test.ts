import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { CheckpointFolder } from '../../../checkpoints/training_checkpoint/checkpoint_folder.ts';
import { inFolder } from '../../support/in_folder.ts';
import { TSX } from '../../support/without_tfjs_node.ts';
import { assertIsCheckpoint, contentOf, KILLED_SIZE, usingFolder } from './support.ts';

describe('CheckpointFolder in a process that is killed', () => {
  const FOLDERS = 4;
  const KILLS = 2;

  it('holds a whole checkpoint, none older than the last one reported, after each of 8 kills', async function () {
    this.timeout(300_000); // Each kill takes the start of a process.
    const folders = Array.from({ length: FOLDERS }, (_, index) =>
      inFolder((dir) => surviveKills(dir, index)),
    );
    await Promise.all(folders);
  });

  async function surviveKills(dir: string, index: number): Promise<void> {
    let newest = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      const reported = await killedWhileSaving(dir, 8 * (FOLDERS * kill + index));
      assert.ok(reported > newest, `expected progress after step ${newest} before kill ${kill}`);
      const checkNewest = async (folder: CheckpointFolder, messages: string[]) => {
        const latest = (await folder.latest())!;
        assertIsCheckpoint(latest, latest.step, KILLED_SIZE);
        assert.deepEqual(messages, []);
        assert.ok(latest.step >= reported, `${latest.step} is older than ${reported}`);
        newest = latest.step;
      };
      await usingFolder(dir, checkNewest, 2);
      // Nothing of the interrupted save is left, and one checkpoint more than those kept at most.
      const names = await contentOf(dir);
      assert.ok(names.every((name) => name.endsWith('.safetensors')) && names.length <= 3);
    }
  }
});

/** Kills a saving process `delayMs` after it has reported a step; gives the last one reported. */
async function killedWhileSaving(dir: string, delayMs: number): Promise<number> {
  const script = join(import.meta.dirname, 'save_until_killed.ts');
  const child = spawn(process.execPath, ['--import', TSX, script, dir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const closed = once(child, 'close');
  await Promise.race([once(child.stdout, 'data'), closed]);
  await setTimeout(delayMs);
  child.kill('SIGKILL');
  await closed;
  // A line that a kill has cut off is no report.
  return Number(output.split('\n').at(-2));
}
