import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fetchArtifact } from '../../foundation/downloads/fetch_artifact.ts';
import { UserError } from '../../foundation/errors.ts';
import { requireSpace } from '../../foundation/files/disk_space.ts';
import { makeWholeFolder } from '../../foundation/files/whole_folder.ts';
import { type LibtensorflowSource, WHEEL } from './libtensorflow.ts';
import type { SetupContext } from './step.ts';
import { unpackZip } from './unpack_zip.ts';

/** What pip is to take, whatever machine it runs on. */
const PIP = [
  ...['--only-binary', ':all:', '--python-version', '3.11'],
  ...['--platform', 'manylinux_2_17_x86_64', '--platform', 'manylinux2014_x86_64'],
  ...['--platform', 'manylinux1_x86_64'],
];

/** The library in the Python package `tensorflow`, which has the names and the layout of `tensorflow-cpu`'s. */
export const GPU_WHEEL: LibtensorflowSource = {
  ...WHEEL,
  name: 'tensorflow-2.15.1-cp311-manylinux_x86_64.whl',
  route: {
    kind: 'pip',
    requirement: 'tensorflow==2.15.1',
    sha256: 'bb0edd69103c154245c5f209f0507355cc68ba7e4de350084bc31edc562478e4',
    args: PIP,
  },
  downloadBytes: 475e6,
  unpackedBytes: 1400e6,
};

/** CUDA 12.2 and cuDNN 8.9, as TensorFlow 2.15 asks for them: package, version, SHA-256. */
const CUDA_PACKAGES = [
  ['cuda-runtime', '12.2.140', 'acb9cb7e44594a3512533497ea790d9f0b0e399abcc888584c157d1ffa080e41'],
  ['cublas', '12.2.5.6', 'f448d8db463f9a2c7dd9a1e607c0961d3e95f825b86839c5882f7d073d406df0'],
  ['cufft', '11.0.8.103', '72e961e578f9be9e316ccb4db8652c421dd0b57442624faa71061d452f449a67'],
  ['cusolver', '11.5.2.141', '5a85c4653ce34339a5688137f494a0f903e0f0532418550998167f00844161da'],
  ['cusparse', '12.1.2.141', '4e13d6a51d2303dcb2a023ba09546811161f0334fc64e13689397bbd3b1eb126'],
  ['cudnn', '8.9.4.25', '9f882d5b11753c566fd32427839089eb4f8ba7a58c28446ad359e32c40229723'],
  ['nvjitlink', '12.2.140', '95635cafbf9f96c38bea5200ab145a2e6aefbb5405e0b04c1e4ba54df2d84ec9'],
  ['cuda-nvrtc', '12.2.140', 'b1cdcae6443cb7cdcfb5d1bf51896a148c9f82f9e65b27db9ab095eaed689aa7'],
] as const;

/** Of all of them, unpacked. */
const CUDA_BYTES = 1600e6;

const DRIVER_FILE = '/proc/driver/nvidia/version';

/** The version of NVIDIA's driver on this machine; undefined where there is none. */
export async function nvidiaDriver(file = DRIVER_FILE): Promise<string | undefined> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return /^NVRM version:.*?\s(\d+\.\d+(?:\.\d+)*)\s/m.exec(text)?.[1];
}

/**
 * @param forced without a driver too, to prepare an image
 * @throws UserError where GPUs cannot be used, with the reason
 */
export function requireGpu(driver: string | undefined, forced: boolean): void {
  const platform = `${process.platform}-${process.arch}`;
  if (platform !== 'linux-x64') {
    throw new UserError(`Expected linux-x64 for \`--gpu\` but this machine is ${platform}`, {
      remedy: 'Set tf8 up without it: it trains on the processor.',
    });
  }
  if (driver !== undefined || forced) return;
  throw new UserError(
    `Expected NVIDIA's driver for \`--gpu\` but ${DRIVER_FILE} says of none on this machine`,
    {
      remedy:
        'Install the driver (525.60.13 or newer, for CUDA 12), or pass --gpu --force to prepare an image for a machine that has it.',
    },
  );
}

/** Where a file of a CUDA package goes, as the library looks for it: beside its own folder. */
export function cudaPath(folder: string, entry: string): string | undefined {
  const path = /^nvidia\/(\w+\/lib\/[^/]+\.so[^/]*)$/.exec(entry)?.[1];
  return path === undefined ? undefined : join(folder, path);
}

/** Fetches CUDA's libraries and unpacks them to `deps/nvidia`, which appears whole or not at all. */
export async function installCuda(
  deps: string,
  { cacheDir, reporter, signal }: SetupContext,
): Promise<void> {
  await requireSpace(deps, CUDA_BYTES, 'to unpack the libraries of CUDA');
  await makeWholeFolder(join(deps, 'nvidia'), async (folder) => {
    for (const [name, version, sha256] of CUDA_PACKAGES) {
      const requirement = `nvidia-${name}-cu12==${version}`;
      const { path } = await fetchArtifact({
        name: `nvidia-${name}-cu12-${version}.whl`,
        routes: [{ kind: 'pip', requirement, sha256, args: PIP }],
        cacheDir,
        reporter,
        signal,
      });
      await unpackZip(path, (entry) => cudaPath(folder, entry), signal);
    }
  });
}
