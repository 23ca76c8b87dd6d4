/**
 * The topology of a tfjs LayersModel before tfjs builds it. tfjs looks at a functional model's layers
 * again and again until each has been called on its inputs, and without end where one names a layer that
 * is not there, or that waits for it.
 */
import { z } from 'zod';
import { firstIssue } from './first_issue.ts';
import { damagedModel } from './weights_manifest.ts';

/** Above any network's: tfjs' time grows with the square of it. */
const MAX_LAYERS = 5000;

const index = z.int().min(0);

/** A call of a layer: for each input the layer that makes it, which call of that, and which output. */
const callSchema = z.array(z.tuple([z.string(), index, index], z.unknown()));

const layerSchema = z.object({
  name: z.string(),
  class_name: z.string(),
  config: z.looseObject({ name: z.string().exactOptional() }),
  inbound_nodes: z.array(callSchema),
});

type Layer = z.infer<typeof layerSchema>;

/** Layers that are called once by being made. */
const CALLED = new Set(['InputLayer', 'Model', 'Functional', 'Sequential']);

const callsWhenMade = ({ class_name }: Layer) => (CALLED.has(class_name) ? 1 : 0);

/**
 * Proves that tfjs can build every functional model of a topology, inner ones included.
 * @param topology `modelTopology` of a model.json
 * @throws UserError that names the layer which is twice there, or waits for one that never comes
 */
export function checkTopology(topology: unknown, path: string): void {
  const waiting: unknown[] = [topology];
  while (waiting.length > 0) {
    const value = waiting.pop();
    if (typeof value !== 'object' || value === null) continue;
    if ('layers' in value && Array.isArray(value.layers)) checkLayers(value.layers, path);
    waiting.push(...Object.values(value));
  }
}

/** tfjs takes either spelling. */
function spelled(layer: unknown): unknown {
  if (typeof layer !== 'object' || layer === null) return layer;
  const { className, inboundNodes, ...rest } = layer as Record<string, unknown>;
  return {
    ...(className !== undefined && { class_name: className }),
    ...(inboundNodes !== undefined && { inbound_nodes: inboundNodes }),
    ...rest,
  };
}

function checkLayers(described: readonly unknown[], path: string): void {
  const spelledOut = described.map(spelled);
  const isFunctional = spelledOut.some(
    (layer) => typeof layer === 'object' && layer !== null && 'inbound_nodes' in layer,
  );
  if (!isFunctional) return;
  if (described.length > MAX_LAYERS) {
    throw damagedModel(
      `Expected at most ${MAX_LAYERS} layers in ${path} but received ${described.length}`,
    );
  }
  const parsed = z.array(layerSchema).safeParse(spelledOut);
  if (!parsed.success) {
    throw damagedModel(
      `Expected the layers of a Keras 2 model in ${path} but: ${firstIssue(parsed.error)}`,
    );
  }
  const layers = new Map<string, Layer>();
  for (const layer of parsed.data) {
    const { name, config } = layer;
    if (layers.has(name))
      throw damagedModel(`Expected one layer "${name}" in ${path} but received two`);
    if (config.name !== undefined && config.name !== name) {
      throw damagedModel(
        `Expected "${name}" for the name in the configuration of that layer of ${path} but received "${config.name}"`,
      );
    }
    layers.set(name, layer);
  }
  requireBuildable(layers, path);
}

/** Calls the layers as tfjs does, in name only, until none can be called. */
function requireBuildable(layers: ReadonlyMap<string, Layer>, path: string): void {
  const calls = new Map<string, number>();
  for (const [name, layer] of layers) calls.set(name, callsWhenMade(layer));
  const isThere = ([from, call]: Layer['inbound_nodes'][number][number]) =>
    (calls.get(from) ?? 0) > call;
  let left = [...layers.values()].flatMap(({ name, inbound_nodes }) =>
    inbound_nodes.filter((inputs) => inputs.length > 0).map((inputs) => ({ name, inputs })),
  );
  for (let before = Infinity; left.length > 0 && left.length < before; ) {
    before = left.length;
    left = left.filter(({ name, inputs }) => {
      if (!inputs.every(isThere)) return true;
      calls.set(name, calls.get(name)! + 1);
      return false;
    });
  }
  const [first] = left;
  if (first === undefined) return;
  const [from, call] = first.inputs.find((input) => !isThere(input))!;
  const source = layers.get(from);
  const reason = !source
    ? 'there is no such layer'
    : call >= callsWhenMade(source) + source.inbound_nodes.length
      ? `it has no call ${call}`
      : `"${from}" waits for it in turn`;
  throw damagedModel(
    `Expected an order in which the layers of ${path} can be called but "${first.name}" takes its input from "${from}": ${reason}`,
  );
}
