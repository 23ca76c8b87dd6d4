import { QuantizationError } from '../../params/errors.ts';
import { toBase64 } from '../base64.ts';
import type { ExportedFile, ExportFormat, ExportSource } from '../export_format.ts';
import { tf8Head } from '../tf8_head.ts';
import { cHeader } from './header.ts';
import { cLibrary, LIBRARY_START } from './library.ts';
import { cNetwork } from './network.ts';
import { prefixOf, requirePrefix } from './prefix.ts';
import { cProgram } from './program.ts';
import { readCLibrary } from './read_library.ts';

/** A network as a library of C99, without dependencies, and a program that uses it. */
export const C: ExportFormat = {
  name: 'c',
  fileNames: cFileNames,
  encode: encodeC,
  reader: {
    recognizes: (file) =>
      new TextDecoder('latin1').decode(file.subarray(0, LIBRARY_START.length)) === LIBRARY_START,
    read: readCLibrary,
  },
};

/** The library, its header and the example; the name may be given with the ending of one of them. */
function cFileNames(name: string): readonly [string, string, string] {
  const stem = cStem(name);
  return [`${stem}.c`, `${stem}.h`, `${stem}_main.c`];
}

/** The name that a C export's files have in common. */
export function cStem(name: string): string {
  return name.replace(/\.[ch]$/, '');
}

function encodeC({ model, tf8, fileName, c = {} }: ExportSource): ExportedFile[] {
  if (/["\\\r\n]/.test(fileName)) {
    throw new QuantizationError(
      `Expected a file name that #include can hold but received ${JSON.stringify(fileName)}`,
      { remedy: 'Choose a name without quotes, backslashes and line breaks.' },
    );
  }
  const { prefix = prefixOf(cStem(fileName)), arithmetic = 'float' } = c;
  requirePrefix(prefix);
  const network = cNetwork(model, prefix, arithmetic);
  const [library, header, program] = cFileNames(fileName);
  const encoder = new TextEncoder();
  return [
    {
      name: library,
      bytes: encoder.encode(cLibrary(network, header, toBase64(tf8Head(tf8)))),
    },
    { name: header, bytes: encoder.encode(cHeader(network)) },
    { name: program, bytes: encoder.encode(cProgram(network, header)) },
  ];
}
