import { join } from 'node:path';
import { sourceHooks } from '../../foundation/processes/source_hooks.ts';
import { ONE_DNN_VARIABLE } from '../../training/tensorflow_environment.ts';
import type { Environment } from '../../workflows/records/environment.ts';
import type { Round } from '../rounds.ts';
import type { LoopRound } from '../training/whole_loop.ts';
import type { WorkloadShape } from '../training/workload.ts';
import type { Build } from './keras_peer.ts';
import { LineProcess } from './line_process.ts';

const SCRIPT = join(import.meta.dirname, '../training/own_steps.ts');

/** What of ours takes turns: the step compiled and eager, and the whole loop. */
export type OwnWay = 'compiled' | 'eager' | 'loop';

/** "calm": so that everybody's losses agree. "timed": as networks are trained. */
export type Calmness = 'calm' | 'timed';

/** The process of `own_steps.ts`: libtensorflow reads once whether oneDNN is on. Idle while it is asked nothing. */
export class OwnPeer {
  private readonly process: LineProcess;

  /** @param signal ends the process */
  constructor(oneDnn: boolean, signal: AbortSignal) {
    this.process = new LineProcess({
      title: 'The process of our steps',
      program: process.execPath,
      args: [...sourceHooks(import.meta.url), SCRIPT],
      environment: { ...process.env, [ONE_DNN_VARIABLE]: oneDnn ? '1' : '0' },
      signal,
    });
  }

  environment(): Promise<Environment> {
    return this.process.ask('environment', {});
  }

  /**
   * Builds a network, in the place of one that was built before.
   * @param folder for its weights and batches, and for what the loop stores
   * @returns what Keras builds the same from
   */
  build(shape: WorkloadShape, folder: string, how: Calmness): Promise<Build> {
    return this.process.ask('build', { shape, folder, how });
  }

  /** Takes steps from the network's first weights; cross-entropy of each, in nats. */
  async losses(way: 'compiled' | 'eager', steps: number): Promise<readonly number[]> {
    return (await this.process.ask<{ losses: number[] }>('losses', { way, steps })).losses;
  }

  /** Trains for some time. */
  round(way: OwnWay, seconds: number): Promise<Round | LoopRound> {
    return this.process.ask('round', { way, seconds });
  }

  /** Ends the process. */
  close(): void {
    this.process.close();
  }
}
