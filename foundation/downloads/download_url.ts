import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
import { messageOf } from '../errors.ts';
import { asFileError } from '../files/file_errors.ts';
import { abandonedPaths, temporaryPath } from '../files/temporary_path.ts';
import type { Reporter } from '../reporting/reporter.ts';
import { fetchByEnvironment } from './fetch_by_environment.ts';
import { RouteFailure, wrongHash } from './route.ts';

export interface DownloadOptions {
  readonly url: string;
  /** Without it, nothing is resumed: only a pinned hash proves that two halves belong together. */
  readonly sha256?: string;
  /** Path of the finished file; `<target>.part` keeps what an interrupted download has brought. */
  readonly target: string;
  readonly label: string;
  readonly reporter: Reporter;
  readonly signal?: AbortSignal;
  /** Time until the server's first answer. */
  readonly connectTimeoutMs?: number;
  /** Longest silence in the middle of a download. */
  readonly idleTimeoutMs?: number;
}

const CONNECT_TIMEOUT_MS = 5_000;
const IDLE_TIMEOUT_MS = 30_000;
const ATTEMPTS = 4;
const PART = '.part';

/**
 * Downloads a file, resuming what an earlier attempt left behind (HTTP Range, RFC 9110 §14),
 * hashing it on the way, and moves it to `target` once its hash is right. Two processes that want
 * the same file write to files of their own.
 *
 * @returns the content's SHA-256
 * @throws RouteFailure where the server cannot be reached, refuses, or sends another content
 * @throws UserError where the file cannot be written; the signal's reason when aborted
 */
export async function downloadUrl(options: DownloadOptions): Promise<string> {
  const part = temporaryPath(options.target, PART);
  try {
    await claimPart(options.target, part, options.sha256 !== undefined);
    for (let attempt = 1; ; attempt++) {
      const before = await sizeOf(part);
      const outcome = await attemptDownload(options, part);
      if ('sha256' in outcome) {
        if (options.sha256 === undefined || outcome.sha256 === options.sha256) {
          await rename(part, options.target);
          return outcome.sha256;
        }
        await rm(part, { force: true });
        // A wrong whole may be a stale first half: only a file fetched in one go is judged.
        if (before === 0) throw wrongHash('it', options.sha256, outcome.sha256);
        continue;
      }
      const gained = (await sizeOf(part)) > before;
      if (!gained || attempt >= ATTEMPTS) throw new RouteFailure(outcome.failure);
      options.reporter.info(`${options.label}: ${outcome.failure}; resuming`);
    }
  } catch (error) {
    await keepPart(part, options);
    throw asFileError(error, options.target);
  }
}

/** Takes over the largest part that no living process writes to, and removes the others. */
async function claimPart(target: string, part: string, resume: boolean): Promise<void> {
  const candidates = [target + PART, ...(await abandonedPaths(target, PART))];
  const sizes = await Promise.all(candidates.map(sizeOf));
  const largest = candidates[sizes.indexOf(Math.max(...sizes))];
  if (resume) await rename(largest, part).catch(() => undefined); // another process was faster
  for (const path of candidates) await rm(path, { force: true });
}

/** Leaves an unfinished download where the next attempt finds it. */
async function keepPart(part: string, { target, sha256 }: DownloadOptions): Promise<void> {
  if (sha256 !== undefined && (await sizeOf(part)) > 0) {
    await rename(part, target + PART).catch(() => undefined);
  } else {
    await rm(part, { force: true }).catch(() => undefined);
  }
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? 0;
}

type Outcome = { sha256: string } | { failure: string };

async function attemptDownload(options: DownloadOptions, part: string): Promise<Outcome> {
  const { url, signal, sha256 } = options;
  const timeout = new Deadline(options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS, 'no answer');
  const present = sha256 === undefined ? 0 : await sizeOf(part);
  let file: FileHandle | undefined;
  try {
    const response = await fetchByEnvironment(url, {
      signal: signal ? AbortSignal.any([signal, timeout.signal]) : timeout.signal,
      headers: {
        'accept-encoding': 'identity', // the hash is of the file, not of a compressed transfer
        ...(present > 0 && { range: `bytes=${present}-` }),
      },
    });
    const start = startOfBody(response, present);
    if (start === 'complete') {
      await response.body?.cancel();
      return { sha256: (await hashOfPart(part)).digest('hex') };
    }
    if (start === 'restart') {
      await response.body?.cancel();
      await rm(part, { force: true });
      timeout.stop();
      return await attemptDownload(options, part);
    }
    if (start === 'refused' || response.body === null) {
      await response.body?.cancel();
      return { failure: `the server answered ${response.status} ${response.statusText}`.trimEnd() };
    }
    const hash = start > 0 ? await hashOfPart(part) : createHash('sha256');
    file = await open(part, start > 0 ? 'a' : 'w');
    timeout.restart(options.idleTimeoutMs ?? IDLE_TIMEOUT_MS, 'the transfer stood still');
    await receive(response, file, hash, start, options, timeout);
    await file.sync();
    return { sha256: hash.digest('hex') };
  } catch (error) {
    signal?.throwIfAborted();
    if (timeout.signal.aborted) return { failure: timeout.reason };
    if (asFileError(error, part) !== error) throw error;
    return { failure: networkReason(error) };
  } finally {
    timeout.stop();
    await file?.close();
  }
}

/** The position in the file of the first byte of the response's body, or what else the answer means. */
function startOfBody(
  response: Response,
  present: number,
): number | 'complete' | 'restart' | 'refused' {
  if (response.status === 200) return 0;
  const range = response.headers.get('content-range') ?? '';
  if (response.status === 206) {
    return range.startsWith(`bytes ${present}-`) ? present : present > 0 ? 'restart' : 'refused';
  }
  if (response.status === 416 && present > 0) {
    return range === `bytes */${present}` ? 'complete' : 'restart';
  }
  return 'refused';
}

async function receive(
  response: Response,
  file: FileHandle,
  hash: Hash,
  start: number,
  { label, reporter }: DownloadOptions,
  timeout: Deadline,
): Promise<void> {
  const length = Number(response.headers.get('content-length') ?? 0);
  const progress = reporter.start(label, length > 0 ? start + length : 0, 'bytes');
  let done = start;
  try {
    for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
      timeout.postpone();
      hash.update(chunk);
      await file.writeFile(chunk);
      done += chunk.byteLength;
      progress.update(done);
    }
  } finally {
    progress.end();
  }
}

async function hashOfPart(part: string): Promise<Hash> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(part)) hash.update(chunk as Buffer);
  return hash;
}

/** fetch says "fetch failed" or "terminated" and keeps the reason in `cause`. */
function networkReason(error: unknown): string {
  const cause = (error as { cause?: unknown }).cause;
  return cause === undefined ? messageOf(error) : messageOf(cause) || messageOf(error);
}

/** A timer that aborts a request and can be put off. */
class Deadline {
  private readonly controller = new AbortController();
  private timer: NodeJS.Timeout;
  reason: string;

  constructor(milliseconds: number, what: string) {
    this.reason = `${what} for ${milliseconds / 1000} s`;
    this.timer = this.arm(milliseconds);
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  restart(milliseconds: number, what: string): void {
    clearTimeout(this.timer);
    this.reason = `${what} for ${milliseconds / 1000} s`;
    this.timer = this.arm(milliseconds);
  }

  postpone(): void {
    this.timer.refresh();
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  private arm(milliseconds: number): NodeJS.Timeout {
    return setTimeout(() => this.controller.abort(), milliseconds);
  }
}
