import { setMaxListeners } from 'node:events';
import { join } from 'node:path';
import { messageOf } from '../../foundation/errors.ts';
import { pythonEnvironment, RUNTIMES } from '../../foundation/python/python_environment.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import { nodeEnvironment } from '../peers/node_environment.ts';
import { ONNX, peerNetworks, TFLITE } from '../peers/peer_networks.ts';
import { nodeRuntimes, pythonRuntimes, RuntimePeer } from '../peers/runtime_peer.ts';
import { checkPeer } from './agreement.ts';
import { type Caller, caller, type Setting } from './calls.ts';
import type { LeftOut, PeerRecord } from './record.ts';
import { EXPORTED, type Workload } from './workload.ts';

/** A runtime with one of its models. */
export interface Peer {
  /** As the rows have it. */
  readonly name: string;
  readonly runtime: string;
  /** Where it runs. */
  readonly host: 'python' | 'node';
  /** Its file; none where the runtime builds the network itself. */
  readonly file?: string;
  readonly precision: 'float' | 'quantized';
  /** Of a runtime that has no more; any number unless given. */
  readonly maximumThreads?: number;
}

const FLOAT = { precision: 'float' } as const;
const QUANTIZED = { precision: 'quantized' } as const;

function onnxPeers(title: string, runtime: string, host: Peer['host']): readonly Peer[] {
  return [
    { name: `${title} float`, runtime, host, file: 'float.onnx', ...FLOAT },
    { name: `${title} u8u8 per tensor`, runtime, host, file: 'u8u8.onnx', ...QUANTIZED },
    { name: `${title} u8s8 per channel`, runtime, host, file: 'u8s8.onnx', ...QUANTIZED },
  ];
}

const LITERT = { runtime: 'litert', host: 'python' } as const;

const PEERS: readonly Peer[] = [
  { name: 'LiteRT float', ...LITERT, file: 'float.tflite', ...FLOAT },
  { name: 'LiteRT int8', ...LITERT, file: 'int8.tflite', ...QUANTIZED },
  { name: 'LiteRT uint8', ...LITERT, file: EXPORTED, ...QUANTIZED },
  ...onnxPeers('ONNX Runtime', 'onnxruntime', 'python'),
  ...onnxPeers('ONNX Runtime for Node', 'onnxruntime-node', 'node'),
  // Its int8 weights are slower than its uint8 ones, and a call is long.
  ...onnxPeers('ONNX Runtime Web', 'onnxruntime-web', 'node').slice(0, 2),
  { name: 'TensorFlow.js wasm float', runtime: 'tfjs', host: 'node', ...FLOAT, maximumThreads: 1 },
];

export interface ReadyPeers {
  readonly callers: readonly Caller[];
  readonly peers: readonly PeerRecord[];
  readonly leftOut: readonly LeftOut[];
  /** Ends their processes. */
  close(): void;
}

/**
 * Sets up every peer that can be, in one process for each runtime and number of threads, and checks
 * that it computes the network in each setting.
 */
export async function preparePeers(
  workload: Workload,
  settings: readonly Setting[],
  context: Context,
): Promise<ReadyPeers> {
  // Each process listens, until it ends: there are more than Node takes for a leak.
  setMaxListeners(0, context.signal);
  const kitchen = new Kitchen(workload, context);
  const callers: Caller[] = [];
  const peers: PeerRecord[] = [];
  const leftOut: LeftOut[] = [];
  for (const peer of PEERS) {
    const possible = settings.filter(
      ({ threads }) => threads <= (peer.maximumThreads ?? Number.POSITIVE_INFINITY),
    );
    try {
      const ready: Caller[] = [];
      let record: PeerRecord | undefined;
      for (const setting of possible) {
        const {
          version,
          parts = 1,
          agreement,
          ...called
        } = await prepare(peer, setting, workload, kitchen);
        ready.push(called.caller);
        record ??= {
          name: peer.name,
          version,
          top1Agreement: agreement.top1,
          logitsCorrelation: Number(agreement.correlation.toFixed(4)),
          ...(parts > 1 && { parts }),
          ...(peer.file === EXPORTED && { isOurExport: true }),
        };
      }
      callers.push(...ready);
      if (record !== undefined) peers.push(record);
    } catch (error) {
      context.signal.throwIfAborted();
      leftOut.push({ name: peer.name, reason: messageOf(error) });
      context.reporter.warn(`left out: ${peer.name} (${messageOf(error)})`);
    }
  }
  return { callers, peers, leftOut, close: () => kitchen.close() };
}

async function prepare(peer: Peer, setting: Setting, workload: Workload, kitchen: Kitchen) {
  const { name, runtime, precision } = peer;
  const { threads, batch } = setting;
  const runner = await kitchen.process(peer, threads);
  const model = await kitchen.model(peer);
  const id = `${name} ${batch}`;
  const images = workload.imageFile;
  const loaded = await runner.load({ id, runtime, model, threads, batch, images });
  const agreement = checkPeer(await runner.outputs(id), workload.floatLogits, precision);
  const calls = (seconds: number) => runner.round(id, seconds);
  return { ...loaded, agreement, caller: caller(name, setting, calls) };
}

/** What peers need and share: made when it is first asked for, and once, whether it succeeds or not. */
class Kitchen {
  private readonly workload: Workload;
  private readonly context: Context;
  private readonly made = new Map<string, Promise<unknown>>();
  private readonly processes: RuntimePeer[] = [];

  constructor(workload: Workload, context: Context) {
    this.workload = workload;
    this.context = context;
  }

  /** The model's file, or the network's folder. */
  async model({ file }: Peer): Promise<string> {
    const { source } = this.workload;
    if (file === undefined) return source;
    if (file === EXPORTED) return join(source, file);
    const conversion = file.endsWith('.onnx') ? ONNX : TFLITE;
    const make = () => peerNetworks(conversion, source, this.context);
    return join(await this.once(conversion.name, make), file);
  }

  process({ runtime, host }: Peer, threads: number): Promise<RuntimePeer> {
    return this.once(`${runtime} on ${threads} threads`, async () => {
      const title = `The process of ${runtime}`;
      const start =
        host === 'python'
          ? pythonRuntimes(await this.once('python', this.python), title)
          : nodeRuntimes(await this.once('node', this.node), title);
      const peer = new RuntimePeer(start, this.context.signal);
      this.processes.push(peer);
      return peer;
    });
  }

  close(): void {
    for (const process of this.processes) process.close();
  }

  private readonly python = () => pythonEnvironment(RUNTIMES, this.context);
  private readonly node = () => nodeEnvironment(this.context);

  private once<Thing>(name: string, make: () => Promise<Thing>): Promise<Thing> {
    const made = (this.made.get(name) as Promise<Thing> | undefined) ?? make();
    this.made.set(name, made);
    return made;
  }
}
