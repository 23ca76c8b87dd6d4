import { QuantizationError } from '../params/errors.ts';
import { quantizeArray } from '../params/quantization.ts';
import type { KernelCall, Kernels } from './kernels.ts';
import { checksum, KNOWN_ANSWERS } from './known_answers.ts';
import { type KnownCalls, knownCalls } from './known_calls.ts';
import { runCall } from './program.ts';
import { REFERENCE_KERNELS } from './reference/reference_kernels.ts';

let known: KnownCalls | undefined;

/**
 * A known-answer test of a few milliseconds: each kernel by itself, the calls as one compiled
 * program where the tier compiles, and the quantization of images.
 * @throws QuantizationError that names the first call with other bytes than the reference's; what
 * the kernels throw
 */
export function selfTest(kernels: Kernels): void {
  known ??= knownCalls();
  const { program, image } = known;
  const { arena, calls, outputs } = program;
  arena.fill(0);
  program.input.set(image);
  for (const call of calls) runCall(kernels, call);
  compare(kernels, known, outputs);
  if (kernels.compile !== undefined) {
    const results = outputs.map(({ length }) => new Uint8Array(length));
    const compiled = kernels.compile(program, { threads: 1 });
    compiled.run(image, 1, results);
    compiled.close();
    compare(kernels, known, results);
  }
  testQuantize(kernels);
}

/** An image for each thread, and one that all divide among them. */
const THREADS = 2;
const IMAGES = THREADS + 1;

/**
 * The known answers again from a compiled program on two threads, which may run by another module and
 * divides each step: some tens of milliseconds where threads are started. Nothing is tested of a tier
 * that has none.
 * @throws as `selfTest`
 */
export function selfTestThreads(kernels: Kernels): void {
  if (kernels.compile === undefined) return;
  known ??= knownCalls();
  const { program, image } = known;
  const results = program.outputs.map(({ length }) => new Uint8Array(IMAGES * length));
  const images = new Uint8Array(IMAGES * image.length);
  for (let n = 0; n < IMAGES; n++) images.set(image, n * image.length);
  const compiled = kernels.compile(program, { threads: THREADS });
  try {
    if (compiled.threads > 1) compiled.run(images, IMAGES, results);
  } finally {
    compiled.close();
  }
  if (compiled.threads === 1) return;
  for (let n = 0; n < IMAGES; n++) {
    const ofImage = results.map((bytes) => {
      const length = bytes.length / IMAGES;
      return bytes.subarray(n * length, (n + 1) * length);
    });
    compare(kernels, known, ofImage);
  }
}

/** By checksums: the reference takes its time, and says which byte is wrong where one is. */
function compare(
  kernels: Kernels,
  { titles, program }: KnownCalls,
  received: readonly Uint8Array[],
): void {
  for (const [i, title] of titles.entries()) {
    if (checksum(received[i]!) === KNOWN_ANSWERS[title]) continue;
    const output = new Uint8Array(received[i]!.length);
    const { op, call } = program.calls[i]!;
    runCall(REFERENCE_KERNELS, { op, call: { ...call, output } } as KernelCall);
    requireSame(kernels, title, received[i]!, output);
    throw new QuantizationError(
      `Expected bytes of checksum ${KNOWN_ANSWERS[title]} from the reference for "${title}" but received ${checksum(output)}`,
    );
  }
}

/** Ties, both ends and beyond them, in more than one vector. */
function testQuantize(kernels: Kernels): void {
  if (kernels.quantize === undefined) return;
  const real = Float32Array.from({ length: 83 }, (_, i) => (i - 41) * 3.25);
  real.set([-Infinity, Infinity, 3e38], 80);
  const params = { scale: 0.5, zeroPoint: 101 };
  const received = new Uint8Array(real.length);
  kernels.quantize(real, params, received);
  requireSame(kernels, 'quantize', received, quantizeArray(real, params));
}

function requireSame(
  { tier, instructionSet }: Kernels,
  title: string,
  received: Uint8Array,
  answer: Uint8Array,
): void {
  const at = answer.findIndex((byte, i) => byte !== received[i]);
  if (at < 0) return;
  const name = instructionSet === undefined ? tier : `${tier} (${instructionSet})`;
  throw new QuantizationError(
    `Expected the reference's byte ${answer[at]} at ${at} of "${title}" in the self-test of ` +
      `${name} but received ${received[at]}`,
  );
}
