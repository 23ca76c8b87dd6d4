import assert from 'node:assert/strict';
import fc from 'fast-check';
import { decibels, noiseToSignal, quantile } from '../../../quantize/analyze/decibels.ts';
import { pooledDb } from '../../../quantize/analyze/energy_meter.ts';
import { farOut } from '../../../quantize/analyze/outliers.ts';
import { realValues } from '../../../quantize/analyze/real_values.ts';
import { Relu6Meter, relu6Analysis } from '../../../quantize/analyze/relu6_meter.ts';
import { SqnrMeter } from '../../../quantize/analyze/sqnr_meter.ts';
import {
  roundingDb,
  saturationDb,
  TensorMeter,
  tensorAnalysis,
} from '../../../quantize/analyze/tensor_meter.ts';
import {
  dequantizeArray,
  paramsFromRange,
  quantizeArray,
} from '../../../quantize/params/quantization.ts';
import { sqnrDb } from '../../../quantize/params/sqnr.ts';

describe('decibels', () => {
  it('is infinite without noise and minus infinity with noise alone', () => {
    assert.equal(decibels(0, 0), Infinity);
    assert.equal(decibels(3, 0), Infinity);
    assert.equal(decibels(0, 3), -Infinity);
  });

  it('is 20 where the noise has a hundredth of the energy, which noiseToSignal gives back', () => {
    assert.ok(Math.abs(decibels(100, 1) - 20) < 1e-12);
    assert.ok(Math.abs(noiseToSignal(20) - 0.01) < 1e-15);
    assert.equal(noiseToSignal(Infinity), 0);
  });

  it('quantile interpolates between neighbours', () => {
    assert.equal(quantile([1, 2, 4], 0.5), 2);
    assert.equal(quantile([1, 2, 4], 0.75), 3);
    assert.equal(quantile([7], 0.25), 7);
  });
});

describe('SqnrMeter', () => {
  it('takes the mean over the images that lose something, and pools the energies of all', () => {
    const meter = new SqnrMeter();
    for (const [signal, noise] of [
      [100, 1],
      [100, 10],
      [100, 0],
    ] as const) {
      meter.add(signal, noise);
    }
    const { meanDb, standardDeviationDb, minDb, maxDb, medianDb, pooledDb, losslessImages } =
      meter.statistics();
    assert.deepEqual([meanDb, standardDeviationDb, minDb, maxDb, medianDb], [15, 5, 10, 20, 15]);
    assert.equal(pooledDb, 10 * Math.log10(300 / 11));
    assert.equal(losslessImages, 1);
  });

  it('is lossless where every image is, and has no signal where none has', () => {
    const [lossless, silent] = [new SqnrMeter(), new SqnrMeter()];
    lossless.add(5, 0);
    silent.add(0, 5);
    assert.equal(lossless.statistics().meanDb, Infinity);
    assert.equal(lossless.statistics().standardDeviationDb, 0);
    assert.equal(silent.statistics().medianDb, -Infinity);
  });

  it('compares a batch image by image', () => {
    const meter = new SqnrMeter();
    const [exact, approximation] = [Float32Array.of(1, 2, 3, 4), Float32Array.of(1, 2.5, 3, 3)];
    meter.compare(exact, approximation, 2);
    const { minDb, maxDb, pooledDb } = meter.statistics();
    assert.equal(maxDb, sqnrDb(exact.subarray(2), approximation.subarray(2)));
    assert.equal(minDb, sqnrDb(exact.subarray(0, 2), approximation.subarray(0, 2)));
    assert.equal(pooledDb, sqnrDb(exact, approximation));
  });
});

describe('SqnrMeter of bytes', () => {
  it('is that of the real values that they stand for', () => {
    const [params, exact] = [{ scale: 0.5, zeroPoint: 3 }, Float32Array.of(1, -0.6, 2.2, 0.1)];
    const bytes = quantizeArray(exact, params);
    const [ofBytes, ofReals] = [new SqnrMeter(), new SqnrMeter()];
    ofBytes.compareBytes(exact, bytes, realValues(params), Float64Array.of(1.36, 4.85));
    ofReals.compare(exact, dequantizeArray(bytes, params), 2, Float64Array.of(1.36, 4.85));
    assert.deepEqual(ofBytes.statistics(), ofReals.statistics());
    assert.ok(pooledDb(ofBytes.sums()) < 30);
  });
});

describe('TensorMeter', () => {
  const shape = [1, 1, 4] as const;
  /** Steps of 1 from −5 to 250. */
  const GRID = { scale: 1, zeroPoint: 5 };

  it('counts the bytes that values are nearest to, and what lies outside by more than half a step', () => {
    const spec = { shape, quantization: GRID };
    const meter = new TensorMeter(spec);
    meter.add(Float32Array.of(0, 0.4, 250.4, 251, -6, -5.4, 3, 0), 2);
    const { histogram, observed, representable, codesInUse, rangeInUse } = tensorAnalysis(
      spec,
      meter.sums(),
    );
    assert.equal(histogram.counts[5], 3);
    assert.equal(histogram.counts[255], 1);
    assert.equal(histogram.counts[0], 1);
    assert.equal(histogram.counts[8], 1);
    assert.deepEqual([histogram.below, histogram.above], [1 / 8, 1 / 8]);
    assert.deepEqual(observed, { min: -6, max: 251 });
    assert.deepEqual(representable, { min: -5, max: 250 });
    assert.equal(codesInUse, 4 / 256);
    assert.equal(rangeInUse, 1);
  });

  it('counts the part between 0 and values that all lie on one side of it as in use', () => {
    const spec = { shape, quantization: { scale: 1, zeroPoint: 0 } };
    const meter = new TensorMeter(spec);
    meter.add(Float32Array.of(200, 201, 204, 202), 1);
    const { observed, rangeInUse } = tensorAnalysis(spec, meter.sums());
    assert.deepEqual(observed, { min: 200, max: 204 });
    assert.equal(rangeInUse, 204 / 255);
  });

  it('splits the error of quantization into saturation and rounding, whose energies add up', () => {
    const value = fc.float({ min: -300, max: 300, noNaN: true });
    fc.assert(
      fc.property(
        fc.array(value, { minLength: 4, maxLength: 40 }),
        fc.float({ min: 1, max: 200, noNaN: true }),
        (values, width) => {
          const quantization = paramsFromRange(-width / 3, width);
          const exact = Float32Array.from(values);
          const meter = new TensorMeter({ shape, quantization });
          const { bytes, dequantized, energies } = meter.add(exact, 1);
          assert.deepEqual(bytes, quantizeArray(exact, quantization));
          assert.deepEqual(dequantized, dequantizeArray(bytes, quantization));
          const noise =
            noiseToSignal(saturationDb(meter.sums())) + noiseToSignal(roundingDb(meter.sums()));
          const total = exact.reduce(
            (sum, x, i) =>
              sum + (x - quantization.scale * (bytes[i] - quantization.zeroPoint)) ** 2,
            0,
          );
          assert.ok(energies[0] === 0 || Math.abs(noise - total / energies[0]) <= 1e-9 * noise);
        },
      ),
    );
  });
});

describe('Relu6Meter', () => {
  it('clips at 6 in place and measures what ReLU would have left', () => {
    const meter = new Relu6Meter();
    const outputs = Float32Array.of(0, 3, 6, 10);
    assert.deepEqual(meter.clip(outputs, 2), Float32Array.of(0, 3, 6, 6));
    assert.deepEqual(relu6Analysis(meter.sums()), { clippedShare: 0.25, linearMax: 10 });
    assert.equal(pooledDb(meter.sums()), 10 * Math.log10((9 + 36 + 100) / 16));
  });
});

describe('farOut', () => {
  it("marks what lies beyond Tukey's outer fence and is more than twice the median", () => {
    assert.deepEqual(farOut([1, 2, 3, 2, 1, 30]), [5]);
    assert.deepEqual(farOut([1, 1, 1, 1, 1.5]), []);
    assert.deepEqual(farOut([1, 1, 1, 1, 2.5]), [4]);
  });
});
