import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { delimiter, join } from 'node:path';
import { inFolder } from '../support/in_folder.ts';

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

export async function namesIn(folder: string): Promise<string[]> {
  return (await readdir(folder)).sort();
}
