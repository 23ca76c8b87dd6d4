import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { LineProcess } from '../../../bench/peers/line_process.ts';
import { processExists } from '../../../foundation/processes/process_identity.mjs';
import { repositoryRoot } from '../../../foundation/repository.ts';
import { inFolder } from '../../support/in_folder.ts';

function node(script: string, signal = new AbortController().signal): LineProcess {
  return new LineProcess({
    title: 'The peer',
    program: process.execPath,
    args: ['-e', script],
    environment: process.env,
    signal,
  });
}

/** Answers each line with what it was asked. */
const ECHO = `require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => console.log(line));`;

async function untilGone(pid: number): Promise<void> {
  while (processExists(pid)) await new Promise((resolve) => setTimeout(resolve, 10));
}

describe('LineProcess', () => {
  it('asks and answers in lines of JSON', async () => {
    const peer = node(ECHO);
    const first = { command: 'load', arguments: { id: 'a "b"\n' } };
    assert.deepEqual(await peer.ask(first.command, first.arguments), first);
    assert.deepEqual(await peer.ask('round', {}), { command: 'round', arguments: {} });
    peer.close();
  });

  it('tells what the process said last where it ends before it answers', async () => {
    const peer = node(`console.error('ValueError: no such model'); process.exitCode = 3;`);
    await assert.rejects(peer.ask('load', {}), {
      name: 'UserError',
      message: 'The peer ended (exit code 3): ValueError: no such model',
    });
  });

  it('tells that a program does not exist', async () => {
    const { signal } = new AbortController();
    const rest = { args: [], environment: process.env, signal };
    const peer = new LineProcess({ title: 'The peer', program: '/no/such/program', ...rest });
    await assert.rejects(peer.ask('load', {}), /^UserError: The peer ended \(spawn .* ENOENT\)/);
  });

  it('ends the process with the reason of the signal', async () => {
    const interruption = new AbortController();
    const peer = node(`${ECHO} console.log(process.pid);`, interruption.signal);
    const pid = await peer.ask<number>('load', {});
    interruption.abort(new Error('interrupted'));
    await assert.rejects(peer.ask('round', {}), /interrupted/);
    await untilGone(pid);
  });

  it('takes nothing that was said before for an answer once the signal has come', async () => {
    const interruption = new AbortController();
    const script = `console.log(1); console.log(2); setInterval(() => {}, 1000);`;
    const peer = node(script, interruption.signal);
    assert.equal(await peer.ask('load', {}), 1);
    await new Promise((resolve) => setTimeout(resolve, 100)); // the second line is there
    interruption.abort(new Error('interrupted'));
    await assert.rejects(peer.ask('round', {}), /interrupted/);
  });

  it('takes its processes along when this one exits', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'parent.mts');
      const module = join(repositoryRoot(), 'bench', 'peers', 'line_process.ts');
      await writeFile(
        path,
        `import { writeFileSync } from 'node:fs';
import { LineProcess } from ${JSON.stringify(module)};
const child = 'console.log(process.pid); setInterval(() => {}, 1000);';
const pids = [];
for (let i = 0; i < 12; i++) {
  const { signal } = new AbortController();
  const peer = new LineProcess({ title: 'a', program: process.execPath, args: ['-e', child], environment: process.env, signal });
  pids.push(await peer.ask('pid', {}));
}
writeFileSync(${JSON.stringify(join(folder, 'pids'))}, JSON.stringify(pids));
process.exit(0);
`,
      );
      const root = { cwd: repositoryRoot() };
      const { stderr } = await promisify(execFile)(
        process.execPath,
        ['--import', 'tsx', path],
        root,
      );
      assert.doesNotMatch(stderr, /MaxListeners/);
      const pids = JSON.parse(await readFile(join(folder, 'pids'), 'utf8')) as number[];
      assert.equal(pids.length, 12);
      await Promise.all(pids.map(untilGone));
    })).timeout(20_000);
});
