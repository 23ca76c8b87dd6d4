/** Imported by a process under test: says at its end how much memory it took at most. */
import { peakBytes } from '../support/peak_memory.ts';

process.on('exit', () => process.stderr.write(`peak ${peakBytes()} bytes\n`));
