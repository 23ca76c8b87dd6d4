import assert from 'node:assert/strict';
import { gpusIn, gpusInWords } from '../../../scripts/doctor/gpus.ts';

describe('the doctor’s GPUs', () => {
  const devices = gpusIn('NVIDIA A100-SXM4-40GB, 8.0\nNVIDIA H200, 9.0\n');

  it('are those that nvidia-smi lists, with whether TensorFlow must compile kernels for them', () => {
    assert.deepEqual(devices, [
      { name: 'NVIDIA A100-SXM4-40GB', capability: '8.0', compilesKernels: false },
      { name: 'NVIDIA H200', capability: '9.0', compilesKernels: true },
    ]);
  });

  it('are named with their driver, and what brings the library that uses them', () => {
    const report = { driver: '535.104.05', devices };
    assert.equal(
      gpusInWords(report, 'gpu'),
      'NVIDIA A100-SXM4-40GB (8.0), NVIDIA H200 (9.0, kernels are compiled at first use); driver 535.104.05',
    );
    assert.match(gpusInWords(report, 'wheel'), /; not used: the set-up with --gpu brings/);
    assert.equal(gpusInWords({ driver: null, devices: [] }, 'wheel'), 'none: no NVIDIA driver');
  });
});
