import assert from 'node:assert/strict';
import fc from 'fast-check';
import { checkModel } from '../../../quantize/model/check_model.ts';
import {
  type PoolNode,
  type Tf8Model,
  type Tf8Node,
  tensorSpecs,
  type WeightedNode,
} from '../../../quantize/model/tf8_model.ts';
import { OPERATIONS } from '../../../quantize/ops/table.ts';
import { QuantizationError } from '../../../quantize/params/errors.ts';
import { buildModel, OPS, randomScales, type Step } from './random_models.ts';

const STEP: Omit<Step, 'op'> = {
  filters: 3,
  window: [2, 2],
  strides: [1, 1],
  padding: 'same',
  activation: 'relu',
  zeroPoint: 100,
  weightZeroPoint: 120,
  seed: 0,
};
const REST = { name: 'a model', classNames: [], labelOffset: 0 };

/** [5, 4, 2] through every operation, in the order of `OPS`, to 3 logits. */
const MODEL = buildModel(
  [5, 4, 2],
  7,
  OPS.map((op) => ({ op, ...STEP })),
  REST,
);

type NodeOf<Op extends Tf8Node['op']> = Op extends WeightedNode['op']
  ? WeightedNode
  : Op extends PoolNode['op']
    ? PoolNode
    : Extract<Tf8Node, { op: Op }>;

/** MODEL with fields of one node replaced. */
function changed<Op extends Tf8Node['op']>(
  op: Op,
  change: (node: NodeOf<Op>) => Partial<Tf8Node | WeightedNode | PoolNode>,
): Tf8Model {
  const nodes = MODEL.nodes.map((node) =>
    node.op === op ? ({ ...node, ...change(node as NodeOf<Op>) } as Tf8Node) : node,
  );
  return { ...MODEL, nodes };
}

function refuses(model: Tf8Model, message: RegExp): void {
  assert.throws(
    () => checkModel(model),
    (error) => {
      assert.ok(error instanceof QuantizationError, String(error));
      assert.match(error.message, message);
      return true;
    },
  );
}

describe('checkModel', () => {
  it('accepts every sound model', () => {
    checkModel(MODEL);
    fc.assert(
      fc.property(randomScales({ withEveryOp: false }), (model) => checkModel(model)),
      { numRuns: 100 },
    );
  });

  it('refuses a model without nodes', () => {
    refuses({ ...MODEL, nodes: [] }, /Expected at least one node in a model but received none/);
  });

  it('refuses an input that is made later, naming both', () => {
    refuses(
      changed('conv2d', () => ({ inputs: ['maxPool2d_3'] })),
      /made before conv2d_0 but received "maxPool2d_3"/,
    );
  });

  it("refuses a name that is given twice, the input's included", () => {
    for (const name of ['conv2d_0', 'input']) {
      refuses(
        changed('maxPool2d', () => ({ name })),
        new RegExp(`unique node names but received ${name} twice`),
      );
    }
  });

  it('refuses another number of inputs than the operation has', () => {
    for (const op of OPS) {
      const { arity } = OPERATIONS[op];
      if (arity === 'several') continue;
      refuses(
        changed(op, () => ({ inputs: ['input', 'input', 'input'] })),
        new RegExp(
          `Expected ${arity === 'one' ? '1 input' : '2 inputs'} for ${op}_\\d+ but received 3`,
        ),
      );
    }
    refuses(
      changed('concat', () => ({ inputs: [] })),
      /Expected inputs for concat_4 but received 0/,
    );
  });

  for (const op of OPS) {
    it(`refuses an output shape that does not follow from a ${op}`, () => {
      // An image may have any size.
      for (const axis of op === 'resize' ? [2] : [0, 1, 2]) {
        const model = changed(op, ({ output }) => ({
          output: {
            ...output,
            shape: output.shape.map((side, i) => side + (i === axis ? 1 : 0)) as never,
          },
        }));
        const { shape } = tensorSpecs(MODEL).get(MODEL.nodes.find((n) => n.op === op)!.name)!;
        refuses(model, new RegExp(`Expected output shape \\[${shape}\\] for ${op}_\\d`));
      }
    });
  }

  it('refuses to join images of different sizes', () => {
    const half = buildModel(
      [4, 4, 1],
      0,
      [
        { op: 'maxPool2d', ...STEP, strides: [2, 2] },
        { op: 'concat', ...STEP },
        { op: 'fullyConnected', ...STEP },
      ],
      REST,
    );
    const [pool, concat, last] = half.nodes;
    refuses(
      { ...half, nodes: [pool, { ...concat, inputs: [pool.name, 'input'] }, last] },
      /Expected inputs of 2 × [12] for concat_1 but received 4 × [14]/,
    );
  });

  it('refuses tensors that do not meet, element by element', () => {
    for (const op of ['add', 'subtract', 'multiply'] as const) {
      const node = {
        op,
        name: 'both',
        inputs: ['input', 'pool'],
        activation: 'linear' as const,
        output: { shape: [4, 4, 1] as const, quantization: { scale: 1, zeroPoint: 0 } },
      };
      const { nodes, ...half } = buildModel(
        [4, 4, 1],
        0,
        [
          { op: 'maxPool2d', ...STEP, strides: [1, 2] },
          { op: 'fullyConnected', ...STEP },
        ],
        REST,
      );
      const [pool, last] = nodes;
      refuses(
        { ...half, nodes: [{ ...pool, name: 'pool' }, node, { ...last, inputs: ['both'] }] },
        new RegExp(
          `Expected \\[4,4,1\\] or \\[1,1,1\\] for the second input of both \\(${op}\\) but received`,
        ),
      );
    }
  });

  it('refuses a sum whose inputs have scales that are far from its own', () => {
    for (const factor of [2 ** -9, 2 ** 11]) {
      refuses(
        changed('add', ({ output }) => ({
          output: {
            ...output,
            quantization: { ...output.quantization, scale: output.quantization.scale * factor },
          },
        })),
        /Expected the scales of a sum's inputs within \[2⁻¹⁰, 2⁸\) of its own .*, in add_\d/,
      );
    }
  });

  it('refuses another number of weights than their shape has', () => {
    refuses(
      changed('conv2d', ({ weights }) => ({
        weights: { ...weights, data: weights.data.slice(1) },
      })),
      /Expected 24 weights in conv2d_0 but received 23/,
    );
  });

  it('refuses weights for another number of channels', () => {
    refuses(
      changed('conv2d', ({ weights }) => ({ weights: { ...weights, shape: [2, 2, 3, 3] } })),
      /Expected weights for 2 input channels in conv2d_0 but received \[2,2,3,3\]/,
    );
    refuses(
      changed('fullyConnected', ({ weights: { shape, ...rest } }) => ({
        weights: { ...rest, shape: [1, 1, shape[2] + 1, shape[3]] },
      })),
      /input channels in fullyConnected_\d+/,
    );
  });

  it('refuses weights of a fully connected layer that have a height or a width', () => {
    refuses(
      changed('fullyConnected', ({ weights: { shape, ...rest } }) => ({
        weights: { ...rest, shape: [2, 1, shape[2], shape[3]] },
      })),
      /Expected weights \[1, 1, \d+, 3\] in fullyConnected_\d+ but received \[2,1,/,
    );
  });

  it('refuses another number of biases than output channels', () => {
    refuses(
      changed('depthwiseConv2d', ({ bias }) => ({ bias: bias.slice(1) })),
      /Expected 9 biases in depthwiseConv2d_1 but received 8/,
    );
  });

  it('refuses a layer whose accumulator could leave int32, naming it', () => {
    refuses(
      changed('conv2d', ({ bias }) => ({ bias: bias.map(() => 2 ** 31 - 1) })),
      /Expected \|accumulator\| ≤ 2147483647 for conv2d_0/,
    );
    refuses(
      changed('conv2d', ({ bias }) => ({ bias: bias.map(() => -(2 ** 31)) })),
      /for conv2d_0 but 8 products and biases up to 2147483648/,
    );
  });

  it('counts the products of a depthwise convolution by channel', () => {
    // 4 products of at most 255 · 135 each: |bias| may fill the rest of int32 up to that.
    const most = 2 ** 31 - 1 - 4 * 155 * 135;
    checkModel(changed('depthwiseConv2d', ({ bias }) => ({ bias: bias.map(() => most) })));
    refuses(
      changed('depthwiseConv2d', ({ bias }) => ({ bias: bias.map(() => most + 1) })),
      /for depthwiseConv2d_1 but 4 products/,
    );
  });

  it('refuses scales that are no normal single-precision numbers, naming the tensor', () => {
    const scaled = (scale: number) => ({ quantization: { scale, zeroPoint: 0 } });
    refuses({ ...MODEL, input: { ...MODEL.input, ...scaled(0.1) } }, /the scale of input /);
    refuses(
      changed('conv2d', ({ output }) => ({ output: { ...output, ...scaled(Number.NaN) } })),
      /the scale of conv2d_0 /,
    );
    refuses(
      changed('conv2d', ({ weights }) => ({ weights: { ...weights, ...scaled(0.1) } })),
      /the scale of the weights of conv2d_0 /,
    );
    refuses(
      changed('conv2d', ({ weights }) => ({ weights: { ...weights, ...scaled(2 ** -126) } })),
      /scaleIn · scaleWeight .*, in conv2d_0$/,
    );
  });

  it('refuses zero points that are no bytes, naming the tensor', () => {
    refuses(
      changed('concat', ({ output }) => ({
        output: { ...output, quantization: { scale: 1, zeroPoint: 256 } },
      })),
      /integer in \[0, 255\] for the zero point of concat_4/,
    );
  });

  it('refuses a tensor of 2³¹ elements', () => {
    refuses(
      { ...MODEL, input: { ...MODEL.input, shape: [2 ** 15, 2 ** 15, 2] } },
      /Expected 1 to 2147483647 elements in input but its shape is \[32768,32768,2\]/,
    );
  });

  it('refuses a pool whose windows may lie outside the image', () => {
    refuses(
      changed('averagePool2d', ({ padding, output: { shape, quantization } }) => ({
        padding: { ...padding, left: 2 },
        output: { quantization, shape: [shape[0], shape[1] + 2, shape[2]] },
      })),
      /padding narrower than the window 2 × 2 of averagePool2d_2/,
    );
  });

  it('takes a network that gives images, and any nodes as outputs', () => {
    const nodes = MODEL.nodes.slice(0, 5);
    checkModel({ ...MODEL, nodes });
    checkModel({ ...MODEL, outputs: [nodes[4].name, nodes[0].name] });
  });

  it('refuses outputs that are no nodes, the same twice, and none', () => {
    const [{ name }] = MODEL.nodes;
    for (const [outputs, received] of [
      [[name, MODEL.input.name], `"${MODEL.input.name}"`],
      [['nothing'], '"nothing"'],
      [[name, name], `\\[${name}, ${name}\\]`],
      [[], '\\[\\]'],
    ] as const) {
      refuses(
        { ...MODEL, outputs },
        new RegExp(`Expected different nodes of .* as its outputs but received ${received}`, 's'),
      );
    }
  });
});
