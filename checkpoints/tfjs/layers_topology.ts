/**
 * The topology of a tfjs LayersModel before tfjs builds it. tfjs looks at a functional model's layers
 * again and again until each has been called on its inputs, and without end where one names a layer that
 * is not there, or that waits for it.
 */
import { z } from 'zod';
import { firstIssue } from '../../foundation/first_issue.ts';
import { damagedModel } from './weights_manifest.ts';

/** Layers, or calls of them, and the inputs of these: above any network's. tfjs' time grows with the square. */
const MAX_CALLS = 5000;
const MAX_INPUTS = 20_000;

const index = z.int().min(0);

/** A call of a layer: for each input the layer that makes it, which call of that, and which output. */
const callSchema = z.array(z.tuple([z.string(), index, index], z.unknown()));

/** As `fieldsOf` names them. */
const layerSchema = z.object({
  name: z.string(),
  className: z.string(),
  config: z.looseObject({ name: z.string() }),
  inboundNodes: z.array(callSchema),
});

type Layer = z.infer<typeof layerSchema>;

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
    if (isFields(value)) {
      const { layers } = fieldsOf(value, path);
      if (Array.isArray(layers)) checkLayers(layers, path);
    }
    for (const inner of Object.values(value)) waiting.push(inner);
  }
}

function isFields(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An object by the names that tfjs gives its fields: `inbound_nodes` is `inboundNodes`. */
function fieldsOf(object: object, path: string): Record<string, unknown> {
  const fields = new Map<string, unknown>();
  for (const [key, value] of Object.entries(object)) {
    const name = camelCase(key);
    if (fields.has(name) || (name === 'name' && key !== 'name')) {
      throw damagedModel(`Expected the field "${name}" once in ${path} but "${key}" is it too`);
    }
    fields.set(name, value);
  }
  return Object.fromEntries(fields);
}

function camelCase(text: string): string {
  return text.length < 2
    ? text
    : text.replace(/_+(\w|$)/g, (_, next: string) => next.toUpperCase());
}

function checkLayers(described: readonly unknown[], path: string): void {
  const fields = described.map((layer) => {
    if (!isFields(layer)) return layer;
    const { config, ...rest } = fieldsOf(layer, path);
    return { ...rest, config: isFields(config) ? fieldsOf(config, path) : config };
  });
  if (!fields.some((layer) => isFields(layer) && 'inboundNodes' in layer)) return;
  requireAtMost(MAX_CALLS, 'layers', fields.length, path);
  const parsed = z.array(layerSchema).safeParse(fields);
  if (!parsed.success) {
    throw damagedModel(
      `Expected the layers of a Keras 2 model in ${path} but: ${firstIssue(parsed.error)}`,
    );
  }
  const calls = parsed.data.flatMap((layer) => layer.inboundNodes);
  requireAtMost(MAX_CALLS, 'calls of layers', calls.length, path);
  const inputs = calls.reduce((sum, call) => sum + call.length, 0);
  requireAtMost(MAX_INPUTS, 'inputs of layers', inputs, path);
  const layers = new Map<string, Layer>();
  for (const layer of parsed.data) {
    const { name, config } = layer;
    if (layers.has(name)) {
      throw damagedModel(`Expected one layer "${name}" in ${path} but received two`);
    }
    if (config.name !== name) {
      throw damagedModel(
        `Expected "${name}" for the name in the configuration of that layer of ${path} but received "${config.name}"`,
      );
    }
    layers.set(name, layer);
  }
  requireBuildable(layers, path);
}

function requireAtMost(most: number, what: string, received: number, path: string): void {
  if (received <= most) return;
  throw damagedModel(`Expected at most ${most} ${what} in ${path} but received ${received}`);
}

/** Calls the layers as tfjs does, in name only, until none can be called. */
function requireBuildable(layers: ReadonlyMap<string, Layer>, path: string): void {
  const calls = new Map<string, number>();
  for (const [name, layer] of layers) calls.set(name, callsWhenMade(layer));
  const isThere = ([from, call]: Layer['inboundNodes'][number][number]) =>
    (calls.get(from) ?? 0) > call;
  let left = [...layers.values()].flatMap(({ name, inboundNodes }) =>
    inboundNodes.filter((inputs) => inputs.length > 0).map((inputs) => ({ name, inputs })),
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
    : call >= callsWhenMade(source) + source.inboundNodes.length
      ? `it has no call ${call}`
      : `"${from}" waits for it in turn`;
  throw damagedModel(
    `Expected an order in which the layers of ${path} can be called but "${first.name}" takes its input from "${from}": ${reason}`,
  );
}

/** Inputs and inner models are called once by being made; a sequential one has to have a layer for it. */
function callsWhenMade({ className, config: { layers } }: Layer): number {
  switch (camelCase(className)) {
    case 'InputLayer':
    case 'Model':
    case 'Functional':
      return 1;
    case 'Sequential':
      return Array.isArray(layers) && layers.length > 0 ? 1 : 0;
    default:
      return 0;
  }
}
