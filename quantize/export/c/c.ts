import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { QuantizationError } from '../../params/errors.ts';
import { toBase64 } from '../base64.ts';
import type { ExportedFile, ExportFormat, ExportSource } from '../export_format.ts';
import { tf8Head } from '../tf8_head.ts';
import { cHeader, HEADER_START } from './header.ts';
import { readCHeader } from './read_header.ts';

/** What is added to the header's name to name the program. */
export const PROGRAM_SUFFIX = '.c';
/** The line of the program that names the header. */
const INCLUDE = '#include "model.h"';

/** A network in C99, without dependencies. */
export const C: ExportFormat = {
  name: 'c',
  suffixes: ['', PROGRAM_SUFFIX],
  encode: encodeC,
  reader: {
    recognizes: (file) =>
      new TextDecoder('latin1').decode(file.subarray(0, HEADER_START.length)) === HEADER_START,
    read: readCHeader,
  },
};

function encodeC({ model, tf8, fileName }: ExportSource): ExportedFile[] {
  if (/["\\\r\n]/.test(fileName)) {
    throw new QuantizationError(
      `Expected a file name that #include can hold but received ${JSON.stringify(fileName)}`,
      { remedy: 'Choose a name without quotes, backslashes and line breaks.' },
    );
  }
  const header = cHeader(model, readTemplate('types.h'), toBase64(tf8Head(tf8)));
  const program = readTemplate('run.c').replace(INCLUDE, () => `#include "${fileName}"`);
  const encoder = new TextEncoder();
  return [
    { suffix: '', bytes: encoder.encode(header) },
    { suffix: PROGRAM_SUFFIX, bytes: encoder.encode(program) },
  ];
}

/** A file of this folder's source: compiled, this module runs in a folder without it. */
function readTemplate(name: string): string {
  const place = join('quantize', 'export', 'c', name);
  let root = import.meta.dirname;
  while (!existsSync(join(root, place)) && root !== dirname(root)) root = dirname(root);
  return readFileSync(join(root, place), 'utf8');
}
