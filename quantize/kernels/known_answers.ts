/**
 * Checksums of the reference's bytes for each of `knownCalls`, by its title. A test holds them to the
 * reference and prints them where they differ.
 */
export const KNOWN_ANSWERS: Readonly<Record<string, number>> = {
  'conv2d, first layer': 0x9ef2bafb,
  'conv2d, pointwise, zero points 0 and 0': 0xae176b3c,
  'conv2d, pointwise, zero points 0 and 255': 0x94931627,
  'conv2d, pointwise, zero points 255 and 0': 0xd2ba59e1,
  'conv2d, pointwise, zero points 255 and 255': 0x50c7f43d,
  'conv2d, ties': 0x4a54304e,
  'conv2d, accumulators of int32': 0x4061bfa9,
  'depthwiseConv2d, stride 1, filter zero point 0': 0x17994c70,
  'depthwiseConv2d, stride 1, filter zero point 255': 0x06142216,
  'depthwiseConv2d, stride 2, filter zero point 0': 0x58d2f436,
  'depthwiseConv2d, stride 2, filter zero point 255': 0x8042b4f4,
  'depthwiseConv2d, ties': 0x2f980c06,
  'depthwiseConv2d, two outputs a channel': 0x61c908aa,
  'conv2d, dilation 2': 0xb5fed336,
  'depthwiseConv2d, dilation 2': 0x0d64db33,
  'conv2d, a multiplier a channel': 0xf047c717,
  'depthwiseConv2d, a multiplier a channel': 0xbbb50b8b,
  'conv2d, pointwise groups': 0x7a4e4028,
  'conv2d, groups': 0x9f0b64f2,
  'transposedConv2d, even': 0x845853c7,
  'transposedConv2d, with positions of the bias alone': 0x1f9c17e2,
  prelu: 0x28513cf5,
  fullyConnected: 0x26e9d033,
  averagePool2d: 0x6d20c996,
  maxPool2d: 0x28db550d,
  globalAveragePool: 0xa8da613c,
  concat: 0x61457199,
  add: 0x20c2413d,
  subtract: 0xe4733c5c,
  multiply: 0x363f5a65,
  lookup: 0xbf64e744,
  rearrange: 0x00def6fa,
  resize: 0x81c01c01,
  maximum: 0xbecfa156,
  minimum: 0xef9f2056,
  requantize: 0xbf64e744,
  softmax: 0xa1e75d3a,
  'conv2d, a table behind it': 0x6437208e,
  'depthwiseConv2d, a table behind it': 0x56ad59f3,
};

/** FNV-1a, 32 bits. */
export function checksum(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i], 0x01000193);
  return hash >>> 0;
}
