import type { Tf8Model } from '../model/tf8_model.ts';
import { FileError, QuantizationError } from '../params/errors.ts';
import { C } from './c/c.ts';
import { CSV } from './csv/csv.ts';
import { ENCODINGS, ENCODINGS_1, ENCODINGS_2 } from './encodings/encodings.ts';
import type { ExportFormat } from './export_format.ts';
import { FORMAT_NAMES, type FormatName } from './format_names.ts';
import { NPZ } from './npz/npz.ts';
import { ONNX, ONNX_INT8 } from './onnx/onnx.ts';
import { QONNX } from './qonnx/qonnx.ts';
import { TFLITE, TFLITE_INT8 } from './tflite/tflite.ts';

const FORMATS = {
  tflite: TFLITE,
  'tflite-int8': TFLITE_INT8,
  onnx: ONNX,
  'onnx-int8': ONNX_INT8,
  qonnx: QONNX,
  encodings: ENCODINGS,
  'encodings-1': ENCODINGS_1,
  'encodings-2': ENCODINGS_2,
  npz: NPZ,
  c: C,
  csv: CSV,
} as const satisfies Record<FormatName, ExportFormat>;

/** Every format, as a list shows them. */
export const EXPORT_FORMATS: readonly ExportFormat[] = FORMAT_NAMES.map((name) => FORMATS[name]);

/**
 * The export format of a name.
 * @throws QuantizationError where there is none
 */
export function exportFormat(name: string): ExportFormat {
  const format = EXPORT_FORMATS.find((candidate) => candidate.name === name);
  if (format !== undefined) return format;
  throw new QuantizationError(
    `Expected one of ${FORMAT_NAMES.join(', ')} for the format but received "${name}"`,
  );
}

/**
 * The TF8 model that a file was exported from, byte for byte.
 * @param fileName only for the messages
 * @throws QuantizationError where the file is no export, or was changed since
 */
export async function readExport(
  file: Uint8Array,
  fileName: string,
): Promise<{ readonly format: string; readonly model: Tf8Model }> {
  for (const { name: format, reader } of EXPORT_FORMATS) {
    if (!reader?.recognizes(file)) continue;
    try {
      return { format, model: await reader.read(file, fileName) };
    } catch (error) {
      if (error instanceof FileError || !(error instanceof QuantizationError)) throw error;
      throw new FileError(`${fileName} is damaged: ${error.message}`, {
        remedy: error.remedy ?? 'Export the model again.',
      });
    }
  }
  const readable = EXPORT_FORMATS.filter(({ reader }) => reader !== undefined);
  const names = new Intl.ListFormat('en-GB', { type: 'disjunction' }).format(
    readable.map(({ name }) => name),
  );
  throw new FileError(`Expected an export to ${names} but ${fileName} is another kind of file`, {
    remedy: 'Pass a file that tf8 exported in one of these formats; of "c" the library, NAME.c.',
  });
}
