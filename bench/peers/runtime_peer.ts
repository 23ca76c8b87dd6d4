import { join } from 'node:path';
import { UserError } from '../../foundation/errors.ts';
import { LineProcess, type LineProcessOptions } from './line_process.ts';
import type { Load } from './runtimes/network_loader.ts';

const RUNTIMES = join(import.meta.dirname, 'runtimes');

export interface LoadedInPeer {
  /** Of the runtime. */
  readonly version: string;
  /** How many parts of the network LiteRT's delegate took: of more than one others lie between. */
  readonly parts?: number;
}

/** How a process of runtimes is started. */
export type RuntimeProcess = Pick<LineProcessOptions, 'title' | 'program' | 'args'>;

/** @param python of `pythonEnvironment` with `RUNTIMES` */
export function pythonRuntimes(python: string, title: string): RuntimeProcess {
  return { title, program: python, args: ['-I', '-u', join(RUNTIMES, 'python_runtimes.py')] };
}

/** @param packages what `nodeEnvironment` returned */
export function nodeRuntimes(packages: string, title: string): RuntimeProcess {
  const script = join(RUNTIMES, 'node_runtimes.ts');
  return { title, program: process.execPath, args: ['--import', 'tsx', script, packages] };
}

/**
 * A process of `python_runtimes.py` or `node_runtimes.ts`: idle while it is asked nothing. How many
 * threads a runtime has is a matter of the whole process for some: one process has one number.
 */
export class RuntimePeer {
  private readonly title: string;
  private readonly process: LineProcess;

  /** @param signal ends the process */
  constructor(start: RuntimeProcess, signal: AbortSignal) {
    this.title = start.title;
    this.process = new LineProcess({ ...start, environment: process.env, signal });
  }

  /** @throws UserError with what the runtime says where it cannot load the model; it goes on then */
  load(load: Load): Promise<LoadedInPeer> {
    return this.ask('load', load);
  }

  /** [N, classes] of every image, as the network stores them. */
  async outputs(id: string): Promise<readonly (readonly number[])[]> {
    return (await this.ask<{ outputs: number[][] }>('outputs', { id })).outputs;
  }

  /**
   * Calls a network for some time, once at least, after one call that is not timed.
   * @returns milliseconds of each call
   */
  async round(id: string, seconds: number): Promise<readonly number[]> {
    return (await this.ask<{ latenciesMs: number[] }>('round', { id, seconds })).latenciesMs;
  }

  /** Ends the process. */
  close(): void {
    this.process.close();
  }

  /** What fails comes back as `{"error"}`; the process goes on. */
  private async ask<Answer>(command: string, parameters: object): Promise<Answer> {
    const answer = await this.process.ask<Answer | { error: string }>(command, parameters);
    if (typeof answer === 'object' && answer !== null && 'error' in answer) {
      throw new UserError(`${this.title} failed: ${answer.error}`);
    }
    return answer as Answer;
  }
}
