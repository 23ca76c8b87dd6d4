import type { Route } from '../downloads/route.ts';

/**
 * The package tensorflow-cpu 2.15.1 for Python 3.11: a Python environment installs it, the set-up takes
 * the library in it.
 */
export const TENSORFLOW_WHEEL = {
  /** Of the file in the cache. */
  name: 'tensorflow_cpu-2.15.1-cp311-manylinux_x86_64.whl',
  route: {
    kind: 'pip',
    requirement: 'tensorflow-cpu==2.15.1',
    sha256: '54660c074d7241a503e81edfd9f5ef5af88f64051b72e2945f26318c790f2d26',
    args: [
      '--only-binary',
      ':all:',
      '--python-version',
      '3.11',
      '--platform',
      'manylinux_2_17_x86_64',
      '--platform',
      'manylinux2014_x86_64',
    ],
  },
  downloadBytes: 207_208_420,
} as const satisfies { name: string; route: Route; downloadBytes: number };
