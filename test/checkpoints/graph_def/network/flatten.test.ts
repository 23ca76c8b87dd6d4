import assert from 'node:assert/strict';
import { flatten } from '../../../../checkpoints/graph_def/network/flatten.ts';
import {
  type GraphNode,
  type GraphSource,
  type NodeAttributes,
  parseInput,
} from '../../../../checkpoints/graph_def/network/graph_source.ts';

type Written = readonly [name: string, op: string, ...inputs: string[]];

/** A call's function stands in its operation: "call:f". */
function nodesOf(written: readonly Written[]): Map<string, GraphNode> {
  return new Map(
    written.map(([name, op, ...inputs]) => {
      const [kind, called] = op.split(':');
      const attributes = { functionName: () => called } as unknown as NodeAttributes;
      const parsed = inputs.flatMap((input) => parseInput(input) ?? []);
      return [
        name,
        { name, op: kind === 'call' ? 'PartitionedCall' : kind, inputs: parsed, attributes },
      ];
    }),
  );
}

function graph(
  nodes: readonly Written[],
  functions: Readonly<
    Record<string, { parameters: string[]; nodes: Written[]; results: string[] }>
  >,
): GraphSource {
  return {
    fileName: 'graph.pb',
    nodes: nodesOf(nodes),
    functions: new Map(
      Object.entries(functions).map(([name, { parameters, nodes: inner, results }]) => [
        name,
        { parameters, nodes: nodesOf(inner), results: results.map((text) => parseInput(text)!) },
      ]),
    ),
    constant: () => ({ dtype: 'float32', shape: [], values: undefined }),
  };
}

const namesOf = (source: GraphSource, output: string) =>
  flatten(source, [parseInput(output)!]).nodes.map(
    ({ name, inputs }) => `${name}(${inputs.map(({ node }) => node.name)})`,
  );

describe('flatten', () => {
  it('gives what an output needs in execution order, without nodes that pass on and control inputs', () => {
    const source = graph(
      [
        ['unused', 'Relu', 'x'],
        ['y', 'Add', 'same', 'x', '^unused'],
        ['same', 'Identity', 'relu'],
        ['relu', 'Relu', 'x:0'],
        ['x', 'Placeholder'],
      ],
      {},
    );
    assert.deepEqual(namesOf(source, 'y'), ['x()', 'relu(x)', 'y(relu,x)']);
  });

  it('puts functions in the place of their calls, with the arguments of each', () => {
    const source = graph(
      [
        ['x', 'Placeholder'],
        ['one', 'call:outer', 'x'],
        ['two', 'call:outer', 'one:1'],
        ['y', 'Relu', 'two'],
      ],
      {
        outer: {
          parameters: ['a'],
          nodes: [
            ['relu', 'Relu', 'a'],
            ['nested', 'call:inner', 'relu:activations:0'],
          ],
          results: ['nested:output:0', 'relu:activations:0'],
        },
        inner: { parameters: ['b'], nodes: [['neg', 'Neg', 'b']], results: ['neg:y:0'] },
      },
    );
    assert.deepEqual(namesOf(source, 'y'), [
      'x()',
      'one/relu(x)',
      'two/relu(one/relu)',
      'two/nested/neg(two/relu)',
      'y(two/nested/neg)',
    ]);
  });

  const ENDLESS: Readonly<Record<string, [GraphSource, RegExp]>> = {
    'a cycle': [
      graph(
        [
          ['y', 'Relu', 'z'],
          ['z', 'Relu', 'y'],
        ],
        {},
      ),
      /expected a graph without cycles but node y needs itself/,
    ],
    'a cycle of nodes that pass on': [
      graph(
        [
          ['y', 'Identity', 'z'],
          ['z', 'Identity', 'y'],
        ],
        {},
      ),
      /expected a graph that ends but [yz] was not reached in 1000000 steps/,
    ],
    'functions that call each other': [
      graph([['y', 'call:f']], {
        f: { parameters: [], nodes: [['again', 'call:f']], results: ['again:0:0'] },
      }),
      /expected functions that end but f is called 64 calls deep/,
    ],
    'a result that a function does not have': [
      graph(
        [
          ['x', 'Placeholder'],
          ['call', 'call:f', 'x'],
          ['y', 'Relu', 'call:3'],
        ],
        {
          f: { parameters: ['a'], nodes: [], results: ['a'] },
        },
      ),
      /expected at most 1 results of call but result 3 is used/,
    ],
    'more nodes than any classifier': [
      graph(
        Array.from(
          { length: 60_000 },
          (_, index): Written => [index === 0 ? 'y' : `n${index}`, 'Relu', `n${index + 1}`],
        ),
        {},
      ),
      /expected at most 50000 nodes but it has more/,
    ],
  };
  for (const [title, [source, message]] of Object.entries(ENDLESS)) {
    it(`refuses ${title}`, () => {
      assert.throws(() => flatten(source, [parseInput('y')!]), { name: 'UserError', message });
    });
  }
});
