import type { KernelCall } from '../ops/table.ts';
import { QuantizationError } from '../params/errors.ts';
import { quantizeArray } from '../params/quantization.ts';
import type { Kernels } from './kernels.ts';
import { checksum, KNOWN_ANSWERS } from './known_answers.ts';
import { type KnownCalls, knownCalls } from './known_calls.ts';
import { REFERENCE_KERNELS } from './reference.ts';

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
  for (const call of calls) kernels.run(call);
  compare(kernels, known, outputs);
  testProgram(kernels, known, { threads: 1, images: 1 });
  testQuantize(kernels);
}

/**
 * The known answers again from a compiled program on two threads, which may run by another module and
 * divides each step: some tens of milliseconds where threads are started. Nothing is tested of a tier
 * that has none.
 * @throws as `selfTest`
 */
export function selfTestThreads(kernels: Kernels): void {
  known ??= knownCalls();
  // An image for each thread, and one that both divide among them.
  testProgram(kernels, known, { threads: 2, images: 3 });
}

/** The calls as one program on the same image again and again; nothing where the tier lacks the threads. */
function testProgram(
  kernels: Kernels,
  known: KnownCalls,
  { threads, images: count }: { readonly threads: number; readonly images: number },
): void {
  if (kernels.compile === undefined) return;
  const { program, image } = known;
  const results = program.outputs.map(({ length }) => new Uint8Array(count * length));
  const images = new Uint8Array(count * image.length);
  for (let n = 0; n < count; n++) images.set(image, n * image.length);
  const compiled = kernels.compile(program, { threads });
  try {
    if (compiled.threads < threads) return;
    compiled.run(images, count, results);
  } finally {
    compiled.close();
  }
  for (let n = 0; n < count; n++) {
    const ofImage = results.map((bytes) => {
      const length = bytes.length / count;
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
    if (checksum(received[i]) === KNOWN_ANSWERS[title]) continue;
    const output = new Uint8Array(received[i].length);
    const { op, call } = program.calls[i];
    REFERENCE_KERNELS.run({ op, call: { ...call, output } } as KernelCall);
    requireSame(kernels, title, received[i], output);
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
