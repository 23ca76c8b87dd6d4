/**
 * Runs networks in Node, as peers of our executor (bench/executor.ts): ONNX Runtime for Node and for
 * the web, and TensorFlow.js' WebAssembly backend.
 *
 *     node --import tsx node_runtimes.ts PACKAGES
 *
 * PACKAGES is what `nodeEnvironment` returned. Reads one command a line from standard input and answers
 * each with one line of JSON on standard output; ends when the input does. `RuntimePeer`
 * (runtime_peer.ts) tells the commands.
 */
import { createInterface } from 'node:readline';
import { messageOf } from '../../../foundation/errors.ts';
import type { Load, LoadedNetwork, NetworkLoader } from './network_loader.ts';
import { loadOnnx } from './onnx_network.ts';
import { loadTfjs } from './tfjs_network.ts';

const [packages] = process.argv.slice(2);
const fromPackages: NetworkLoader = (load) => loadOnnx(packages, load);
const RUNTIMES: Readonly<Record<string, NetworkLoader>> = {
  tfjs: loadTfjs,
  'onnxruntime-node': fromPackages,
  'onnxruntime-web': fromPackages,
};

const networks = new Map<string, Pick<Load, 'batch' | 'images'> & LoadedNetwork>();

const COMMANDS: Readonly<Record<string, (parameters: never) => Promise<object>>> = {
  async load(load: Load) {
    const { batch, images } = load;
    const network = await RUNTIMES[load.runtime](load);
    networks.set(load.id, { batch, images, ...network });
    return { version: network.version };
  },
  async outputs({ id }: { id: string }) {
    const { batch, images, run } = networks.get(id)!;
    const outputs: number[][] = [];
    for (let first = 0; first < images.shape[0]; first += batch) {
      const values = Array.from(await run(first));
      const classes = values.length / batch;
      for (let n = 0; n < batch; n++) outputs.push(values.slice(n * classes, (n + 1) * classes));
    }
    return { outputs };
  },
  async round({ id, seconds }: { id: string; seconds: number }) {
    const { run } = networks.get(id)!;
    await run(0);
    const latenciesMs: number[] = [];
    const begin = performance.now();
    while (latenciesMs.length === 0 || performance.now() - begin < 1000 * seconds) {
      const start = performance.now();
      await run(0);
      latenciesMs.push(performance.now() - start);
    }
    return { latenciesMs };
  },
};

process.on('SIGINT', () => {}); // Ctrl-C: the bench ends us
// Only answers go to standard output, whatever else a library prints there.
console.log = console.info = console.error;
for await (const line of createInterface({ input: process.stdin })) {
  const { command, arguments: parameters } = JSON.parse(line);
  const answer = await COMMANDS[command](parameters as never).catch((error) => ({
    error: messageOf(error),
  }));
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
// Idle threads of a runtime must not keep the process.
process.exit(0);
