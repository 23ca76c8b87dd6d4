import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { Reporter } from '../../../checkpoints/artifacts/reporter.ts';

/** Runs `body` with an empty folder that is removed afterwards. */
export async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'tf8-artifacts-'));
  try {
    await body(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Runs `body` with a web server on this machine whose answers `handle` gives. */
export async function withServer(
  handle: (request: IncomingMessage, response: ServerResponse) => void,
  body: (url: string) => Promise<void>,
): Promise<void> {
  const server = createServer(handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await body(`http://127.0.0.1:${(server.address() as AddressInfo).port}/file`);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

/** Puts programs (shell scripts by name) in front of the PATH, or hides all others. */
export async function withPrograms(
  programs: Readonly<Record<string, string>>,
  body: () => Promise<void>,
): Promise<void> {
  await inFolder(async (folder) => {
    const bin = join(folder, 'bin');
    await mkdir(bin);
    for (const [name, script] of Object.entries(programs)) {
      await writeFile(join(bin, name), `#!/bin/sh\n${script}\n`);
      await chmod(join(bin, name), 0o755);
    }
    const before = process.env.PATH;
    const system = (before ?? '').split(delimiter);
    const tools = join(folder, 'tools');
    await mkdir(tools);
    process.env.PATH = [bin, ...(Object.keys(programs).length > 0 ? system : [tools])].join(
      delimiter,
    );
    try {
      await body();
    } finally {
      process.env.PATH = before;
    }
  });
}

/** A reporter that keeps what it was told. */
export function recordingReporter(): Reporter & { readonly lines: string[] } {
  const lines: string[] = [];
  return {
    lines,
    info: (message) => lines.push(message),
    warn: (message) => lines.push(message),
    start: () => ({ update() {}, end() {} }),
  };
}

export async function namesIn(folder: string): Promise<string[]> {
  return (await readdir(folder)).sort();
}
