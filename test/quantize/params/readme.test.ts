import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Kernels } from '../../../quantize/kernels/kernels.ts';
import type { Conv2dCall } from '../../../quantize/ops/conv2d.ts';
import type { GlobalAveragePoolCall } from '../../../quantize/ops/global_average_pool.ts';
import { accumulatorBound } from '../../../quantize/params/accumulator.ts';
import {
  accumulatorScale,
  dequantize,
  dequantizeArray,
  paramsFromRange,
  quantizeArray,
  quantizeBias,
} from '../../../quantize/params/quantization.ts';
import { activationBounds, requantizeMultiplier } from '../../../quantize/params/requantization.ts';
import { DEFAULT_ROUNDING } from '../../../quantize/params/roundings.ts';
import { sqnrDb } from '../../../quantize/params/sqnr.ts';
import { linksOf, ROOT, readPage } from '../../docs/pages.ts';
import { describeEachTier, TIERS } from '../kernels/each_tier.ts';

const PAGE = 'quantize/params/README.md';

type Value = number | readonly number[];

/** The lines `name = value` of the page's last block, in order. */
function exampleOf(page: string): Readonly<Record<string, Value>> {
  const block = page.slice(page.lastIndexOf('```\nx '), page.lastIndexOf('```'));
  const lines = [...block.matchAll(/^(\w+) += (\[[^\]]*\]|\S+)/gm)];
  return Object.fromEntries(lines.map(([, name, value = '']) => [name, JSON.parse(value)]));
}

interface Given {
  readonly x: readonly number[];
  readonly rangeIn: readonly [number, number];
  readonly w: readonly number[];
  readonly bias: number;
  readonly rangeOut: readonly [number, number];
  readonly pooled: readonly number[];
}

/** What a tier makes of the example, equation by equation. */
function computed(given: Given, kernels: Kernels): Readonly<Record<string, Value>> {
  const { x, rangeIn, w, bias, rangeOut, pooled } = given;
  const input = paramsFromRange(...rangeIn);
  const weights = paramsFromRange(Math.min(...w), Math.max(...w));
  const output = paramsFromRange(...rangeOut);
  const real = Float32Array.from(x);
  const xq = quantizeArray(real, input);
  const wq = quantizeArray(Float32Array.from(w), weights);
  const biases = quantizeBias('the example', [bias], input.scale, weights.scale);
  const [b = NaN] = biases;
  const multiplier = requantizeMultiplier(input.scale, weights.scale, output.scale);
  const bounds = activationBounds('relu6', output);
  const acc = b + dot(differences(xq, input.zeroPoint), differences(wq, weights.zeroPoint));
  const output8 = new Uint8Array(1);
  const depth = x.length;
  const convolution: Conv2dCall = {
    ...bounds,
    input: xq,
    inputShape: [1, 1, 1, depth],
    inputZeroPoint: input.zeroPoint,
    filter: wq,
    filterShape: [1, 1, depth, 1],
    filterZeroPoint: weights.zeroPoint,
    bias: biases,
    strides: [1, 1],
    padding: { top: 0, bottom: 0, left: 0, right: 0 },
    multiplier,
    outputZeroPoint: output.zeroPoint,
    output: output8,
    outputShape: [1, 1, 1, 1],
  };
  kernels.run({ op: 'conv2d', call: convolution });
  const [out = NaN] = output8;
  const average8 = new Uint8Array(1);
  const pool: GlobalAveragePoolCall = {
    input: Uint8Array.from(pooled),
    inputShape: [1, 2, 2, 1],
    output: average8,
  };
  kernels.run({ op: 'globalAveragePool', call: pool });
  return {
    x,
    rangeIn,
    w,
    bias,
    rangeOut,
    scaleIn: input.scale,
    zeroIn: input.zeroPoint,
    scaleW: weights.scale,
    zeroW: weights.zeroPoint,
    scaleOut: output.scale,
    zeroOut: output.zeroPoint,
    xq: [...xq],
    wq: [...wq],
    accScale: accumulatorScale(input.scale, weights.scale),
    b,
    acc,
    accBound: accumulatorBound({
      biasMax: Math.abs(b),
      taps: depth,
      inputZeroPoint: input.zeroPoint,
      weightZeroPoint: weights.zeroPoint,
    }),
    multiplier,
    scaled: Math.fround(Math.fround(acc) * multiplier),
    ...bounds,
    out,
    y: dequantize(out, output),
    exact: Number((bias + dot(x, w)).toFixed(4)),
    pooled: [out, ...pooled.slice(1)],
    average: average8.at(0) ?? NaN,
    sqnrDb: Number(sqnrDb(real, dequantizeArray(xq, input)).toFixed(2)),
  };
}

function differences(bytes: Uint8Array, zeroPoint: number): number[] {
  return Array.from(bytes, (q) => q - zeroPoint);
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] ?? NaN), 0);
}

describe(PAGE, () => {
  let page: string;
  before(async () => {
    page = await readPage(PAGE);
  });

  describeEachTier(
    TIERS,
    (name) => `its worked example, by ${name}`,
    (kernels) => {
      it('has the numbers that the code computes', () => {
        const example = exampleOf(page);
        assert.deepEqual(example, computed(example as unknown as Given, kernels()));
      });
    },
  );

  it('numbers its equations from 1 on, without a gap', () => {
    const numbers = numbersOf(page);
    assert.ok(numbers.length >= 11);
    assert.deepEqual(
      numbers,
      numbers.map((_, index) => index + 1),
    );
  });

  it('ends every equation with the name of the code that computes it, which is there', async () => {
    const sections = page.split(/^## (?=Eq\. )/m).slice(1);
    for (const section of sections) {
      assert.match(section, /\*\*Code:\*\*|^\| \| reference \|/m, section.split('\n', 1)[0]);
    }
    for (const { label, target } of linksOf(page)) {
      if (target.startsWith('https:') || label.includes('/')) continue;
      const source = await readPage(join(dirname(PAGE), target));
      if (/^\w+$/.test(label)) assert.match(source, new RegExp(`\\b${label}\\b`), target);
    }
  });

  it('names the rounding as files do', () => {
    assert.ok(page.includes(`\`${DEFAULT_ROUNDING}\``));
  });

  it('has every equation that a comment cites', async () => {
    const known = new Set(numbersOf(page));
    let citations = 0;
    for (const room of ['quantize', 'test/quantize']) {
      for (const file of await readdir(join(ROOT, room), { recursive: true })) {
        if (!/\.(ts|c|h|inc|md)$/.test(file)) continue;
        const text = await readPage(join(room, file));
        for (const [cited, first, last] of text.matchAll(/\beq\. (\d+)(?: (?:to|and) (\d+))?/gi)) {
          for (const number of [first, last ?? first]) {
            assert.ok(known.has(Number(number)), `${room}/${file} cites ${cited}`);
          }
          citations++;
        }
      }
    }
    assert.ok(citations > 60, `${citations} citations`);
  });
});

function numbersOf(page: string): number[] {
  return [...page.matchAll(/^## Eq\. (\d+):/gm)].map(([, number]) => Number(number));
}
