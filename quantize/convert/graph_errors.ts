import { GraphError, UnsupportedLayerError } from '../../architectures/graph/errors.ts';
import { QuantizationError } from '../params/errors.ts';
import { unsupported } from './require_tf8.ts';

/** What `run` gives; what it refuses of a float graph becomes the error of all of `quantize/`. */
export function withQuantizationErrors<Result>(run: () => Result): Result {
  try {
    return run();
  } catch (error) {
    if (error instanceof UnsupportedLayerError) throw unsupported(error.layer, error.what);
    if (!(error instanceof GraphError)) throw error;
    const { message, remedy } = error;
    throw new QuantizationError(message, remedy === undefined ? {} : { remedy });
  }
}
