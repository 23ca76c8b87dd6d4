/** Where a network ends that TF8 cannot compute to its end. */
import { type FloatGraph, floatGraph } from '../../architectures/graph/float_graph.ts';
import { macsOf, networkMacs } from '../../architectures/graph/float_macs.ts';
import type { UnreadOperation } from '../../architectures/graph/float_network.ts';
import type { FloatNode } from '../../architectures/graph/float_node.ts';
import { dropUnread } from '../../architectures/graph/passes/drop_unread.ts';
import { usersOf } from '../../architectures/graph/passes/rewrite.ts';
import { expected, QuantizationError } from '../params/errors.ts';
import { fusedGraph } from './fuse.ts';
import { kindsOf, type LeftOut } from './left_out.ts';
import { unsupportedNodes } from './require_tf8.ts';

export interface IntegerPart {
  /** As it was read, up to the outputs: what TF8 computes, softmaxes at the end included. */
  readonly graph: FloatGraph;
  /** In execution order. */
  readonly leftOut: readonly LeftOut[];
}

/**
 * The largest part of a network from its input on that is made of TF8's operations. Its outputs are those
 * of the network that it reaches, and the tensors that what is left out reads of it. A network of which more
 * than half of the multiply-accumulates would be left out stays whole: converting it names what TF8 has not.
 * @param outputs names of tensors to end in instead; a layer's stands for what it makes with its batch norm and
 *   activation
 * @param unread what of the network's file the graph does not hold
 * @throws QuantizationError where one of `outputs` is no tensor of the network, or its input
 */
export function integerPart(
  read: FloatGraph,
  outputs?: readonly string[],
  unread: readonly UnreadOperation[] = [],
): IntegerPart {
  const wanted = outputs === undefined ? read : endingIn(read, outputs);
  const lost = outputs === undefined ? unreached(read) : new Set<string>();
  const graph = lost.size === 0 ? wanted : withoutNodes(read, lost);
  const kept = new Set(graph.nodes.map(({ name }) => name));
  const all = networkMacs(read);
  const share = (node: FloatNode) => (all === 0 ? 0 : macsOf(read, node) / all);
  const left = read.nodes.filter(({ name }) => !kept.has(name));
  const leftShare = left.reduce((sum, node) => sum + share(node), 0);
  const beyond = unread.map(({ name, op, reason }) => ({
    name,
    op,
    ...(reason !== undefined && { reason }),
  }));
  if (graph.nodes.length === 0 || (outputs === undefined && leftShare > 0.5)) {
    return { graph: wanted, leftOut: beyond };
  }
  const held = left.map((node) => ({
    name: node.name,
    op: node.className ?? node.op,
    macsShare: share(node),
  }));
  return { graph, leftOut: [...held, ...beyond] };
}

/** One sentence on what is left out; undefined where nothing is. */
export function leftOutNote({ graph, leftOut }: IntegerPart): string | undefined {
  if (leftOut.length === 0) return undefined;
  const held = leftOut.filter(({ macsShare }) => macsShare !== undefined);
  const unread = leftOut.filter(({ macsShare }) => macsShare === undefined);
  const parts = [
    ...(held.length === 0 ? [] : [heldNote(held)]),
    ...(unread.length === 0 ? [] : [unreadNote(unread)]),
  ];
  return `it ends in ${graph.outputs.join(', ')}: ${parts.join('; ')}`;
}

/** Operations of the float graph. */
function heldNote(leftOut: readonly LeftOut[]): string {
  const share = 100 * leftOut.reduce((sum, { macsShare = 0 }) => sum + macsShare, 0);
  const shown = leftOut.slice(0, 5).map(({ name, op }) => `${name} (${op})`);
  const more = leftOut.length > shown.length ? `, and ${leftOut.length - shown.length} more` : '';
  return `${shown.join(', ')}${more} ${leftOut.length === 1 ? 'is' : 'are'} left out, ${share.toFixed(1)} % of the multiply-accumulates`;
}

/** Operations of the file that the float graph does not hold. */
function unreadNote(leftOut: readonly LeftOut[]): string {
  const [first] = leftOut.filter(({ reason }) => reason !== undefined);
  const [reason] = first?.reason?.split(';') ?? [];
  const why = first === undefined ? '' : `, from ${first.name} on (${first.op}: ${reason})`;
  const are = leftOut.length === 1 ? 'operation is' : 'operations are';
  return `${leftOut.length} ${are} left out that no network of TF8 has: ${kindsOf(leftOut)}${why}`;
}

function endingIn(read: FloatGraph, outputs: readonly string[]): FloatGraph {
  if (outputs.length === 0) throw expected('names of tensors', 'outputs', '[]');
  const made = read.nodes.map(({ name }) => name);
  const stranger = outputs.find((name) => !made.includes(name));
  if (stranger !== undefined) {
    throw new QuantizationError(
      `Expected tensors of ${read.name} as outputs but it makes none that is called ${stranger}`,
      { remedy: `It makes ${listed(made)}.` },
    );
  }
  const layers = new Set(fusedGraph(read, { zeroVariance: 'keep' }).nodes.map(({ name }) => name));
  const ends = outputs.map((name) => endOfLayer(read, name, layers));
  return dropUnread(floatGraph({ ...read, outputs: [...new Set(ends)] }));
}

/** The last of the tensors that become one layer's: behind its batch norm and its activation. */
function endOfLayer(read: FloatGraph, name: string, layers: ReadonlySet<string>): string {
  const [user, ...others] = usersOf(read, name);
  const isPart = user?.op === 'batchNorm' || user?.op === 'activation' || user?.op === 'dropout';
  if (!isPart || others.length > 0 || layers.has(user.name)) return name;
  return endOfLayer(read, user.name, layers);
}

function listed(names: readonly string[]): string {
  const shown = names.slice(-20);
  return `${names.length > shown.length ? '…, ' : ''}${shown.join(', ')}`;
}

/** Names of the nodes that TF8 has not, and of all that comes from them. */
function unreached(read: FloatGraph): Set<string> {
  const lost = new Set<string>();
  for (;;) {
    const rest = lost.size === 0 ? read : withoutNodes(read, lost);
    if (rest.nodes.length === 0) return lost;
    const unsupported = unsupportedNodes(fusedGraph(rest, { zeroVariance: 'keep' }));
    const before = lost.size;
    for (const name of unsupported) {
      const node = nodeNamed(rest, name);
      if (node !== undefined) lost.add(node);
    }
    if (lost.size === before) return lost;
    for (const { name, inputs } of read.nodes) {
      if (inputs.some((input) => lost.has(input))) lost.add(name);
    }
  }
}

/** The node of a network as it was read that a pass made a node from; passes add to names behind a slash. */
function nodeNamed(read: FloatGraph, name: string): string | undefined {
  if (read.nodes.some((node) => node.name === name)) return name;
  const end = name.lastIndexOf('/');
  return end < 0 ? undefined : nodeNamed(read, name.slice(0, end));
}

/** The network without the nodes; what they read of the rest are its outputs too. */
function withoutNodes(read: FloatGraph, lost: ReadonlySet<string>): FloatGraph {
  const kept = read.nodes.filter(({ name }) => !lost.has(name));
  const ends = read.nodes.filter(({ name }) => lost.has(name)).flatMap(({ inputs }) => inputs);
  const wanted = new Set([...read.outputs, ...ends]);
  const outputs = kept.map(({ name }) => name).filter((name) => wanted.has(name));
  return dropUnread(floatGraph({ ...read, nodes: kept, outputs }));
}
