import type { FloatGraph } from '../../../architectures/graph/float_graph.ts';
import { readLayersModel } from '../../../architectures/graph/read_layers_model.ts';
import { buildNetwork, type NetworkConfig } from '../../../architectures/network.ts';
import { fuseGraph } from '../../../quantize/convert/fuse.ts';
import { randomizeBatchNorms } from '../../architectures/support.ts';

/** As another program stores a network: batch norms folded, layers with other names, logits alone. */
export function foreignGraph(config: NetworkConfig): FloatGraph {
  const model = buildNetwork(config, { seed: 1 });
  randomizeBatchNorms(model);
  const graph = fuseGraph(readLayersModel(model), { zeroVariance: 'keep' });
  const names = new Map(graph.nodes.map(({ name }, index) => [name, `tensor_${index}`]));
  const renamed = (name: string) => names.get(name) ?? name;
  model.dispose();
  return {
    ...graph,
    nodes: graph.nodes.map((node) => ({
      ...node,
      name: renamed(node.name),
      inputs: node.inputs.map(renamed),
    })),
    outputs: graph.outputs.map(renamed),
    shapes: new Map([...graph.shapes].map(([name, shape]) => [renamed(name), shape])),
  };
}
